using System.IO;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>Ways that memory can take between a real CRIU and another one (features.md CP03, CP10 to CP12, CP14).</summary>
public sealed class CheckpointVmPagesTests : CheckpointVmTest
{
    [VmFact]
    public void Memory_comes_when_it_is_needed()
    {
        string second = NewId();
        Bundle.Shell("while read word; do echo got $word; done");
        Use(View.Cgroupfs);
        Bundle.Save();
        string log = Path.Combine(Work, "log");
        string runtime = $"'{Runtime.Binary}' --root '{Runtime.Root}'";

        // The first container ends when the last page has gone to the second one, which so needs a cgroup of its own.
        File.WriteAllText(Path.Combine(Work, "script"), $$"""
            exec 2>'{{log}}'
            trap 'kill $(jobs -p) 2>/dev/null' EXIT
            channel() { exec {both}<> <(:); exec {read}</proc/self/fd/$both; exec {write}>/proc/self/fd/$both; exec {both}>&-; }
            channel; in=$read inw=$write
            channel; out=$read outw=$write
            channel; ready=$read readyw=$write
            {{runtime}} run --detach --bundle '{{Bundle.Path}}' {{Id}} <&$in >&$outw 2>&$outw || exit 1
            {{runtime}} checkpoint --network-lock skip --lazy-pages --page-server 127.0.0.1:27277 --status-fd $readyw --image-path '{{Images}}' {{Id}} </dev/null >&2 &
            checkpoint=$!
            exec {readyw}>&-
            timeout 60 head -c 1 <&$ready | od -An -tx1 >'{{Work}}/ready'
            ls '{{Images}}/inventory.img' >&2 || exit 2
            criu lazy-pages --page-server --address 127.0.0.1 --port 27277 -D '{{Images}}' -o lazy.log </dev/null >&2 &
            pages=$!
            for try in $(seq 600); do [ ! -S '{{Images}}/lazy-pages.socket' ] || break; sleep 0.1; done
            sed -i 's|{{Id}}|{{second}}|' '{{Bundle.Path}}/config.json'
            {{runtime}} restore --network-lock skip --lazy-pages --detach --image-path '{{Images}}' --bundle '{{Bundle.Path}}' {{second}} <&$in >&$outw || exit 3
            wait $checkpoint || exit 4
            wait $pages || exit 5
            echo word >&$inw
            exec {outw}>&- {inw}>&-
            timeout 60 head -n 1 <&$out >'{{Work}}/said'
            """);
        try
        {
            Execute("bash", Path.Combine(Work, "script"));
            File.ReadAllText(Path.Combine(Work, "ready")).Should().Be(" 00\n");
            File.ReadAllText(Path.Combine(Work, "said")).Should().Be("got word\n");
            Runtime.Run("state", Id).Err.Should().Contain("does not exist");
            File.ReadAllText(Path.Combine(Images, "lazy.log")).Should().NotContain("Error");
        }
        catch (Xunit.Sdk.XunitException e)
        {
            throw new Xunit.Sdk.XunitException($"{e.Message}\n{File.ReadAllText(log)}", e);
        }
        finally
        {
            Runtime.Run("delete", "--force", second);
        }
    }

    [VmFact]
    public void A_page_server_takes_the_memory()
    {
        Begin(View.Cgroupfs, Counting);
        string pages = Directory.CreateDirectory(Path.Combine(Work, "pages")).FullName;
        string runtime = $"'{Runtime.Binary}' --root '{Runtime.Root}'";
        File.WriteAllText(Path.Combine(Work, "script"), $$"""
            exec {both}<> <(:); exec {read}</proc/self/fd/$both; exec {write}>/proc/self/fd/$both; exec {both}>&-
            criu page-server --images-dir '{{pages}}' --address 127.0.0.1 --port 27278 --status-fd $write </dev/null >/dev/null 2>&1 &
            server=$!
            trap 'kill $server 2>/dev/null' EXIT
            timeout 60 head -c 1 <&$read >/dev/null
            {{runtime}} checkpoint --network-lock skip --page-server 127.0.0.1:27278 --image-path '{{Images}}' {{Id}} </dev/null >'{{Work}}/log' 2>&1 || exit 1
            wait $server
            """);
        Execute("bash", Path.Combine(Work, "script"));
        Directory.GetFiles(Images, "pages-*").Should().BeEmpty("they went to the server");
        string[] sent = Directory.GetFiles(pages, "page*-*.img");
        sent.Should().NotBeEmpty();
        foreach (string file in sent)
            File.Copy(file, Path.Combine(Images, Path.GetFileName(file)));
        Restore("--detach").Should().Be(Silent);
        Counts();
    }

    [VmFact]
    public void A_page_server_that_does_not_answer_ends_nothing()
    {
        Begin(View.Cgroupfs, Counting);
        Checkpoint("--page-server", "127.0.0.1:9").Err.Should().Contain("criu failed: type DUMP").And.Contain("dump.log");
        Counts();
    }

    [VmFact]
    public void Older_images_are_named_relative_to_the_new_ones()
    {
        Begin(View.Cgroupfs, Counting);
        string first = Path.Combine(Work, "first");
        Runtime.Run(["checkpoint", "--pre-dump", .. NoLock, "--image-path", first, Id]).Should().Be(Silent);
        Checkpoint("--parent-path", first).Err.Should().Contain("--parent-path");
        Checkpoint("--parent-path", "./first").Err.Should().Contain("invalid --parent-path");
        Status().Should().Be("running");
        Checkpoint("--parent-path", "../first").Should().Be(Silent);
        Restore("--detach").Should().Be(Silent);
        Counts();
    }
}
