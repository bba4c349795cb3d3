using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading;
using FluentAssertions;
using Mono.Unix.Native;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>create: pid file, identifiers, state on disk, and what is left when it fails or is killed (features.md §1.2, §1.6).</summary>
[Trait("Category", "Conformance")]
public sealed class CreateTests : RuntimeTest
{
    [RuntimeTheory]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../x")]
    [InlineData("a/b")]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("ü")]
    public void An_id_outside_the_character_set_is_refused(string id)
    {
        string decoy = Path.Combine(Work, "x");
        Directory.CreateDirectory(decoy);
        foreach (string verb in new[] { "state", "delete", "start" })
            Runtime.Run(verb, "--", id).Exit.Should().NotBe(0, "{0} {1}", verb, id);
        Runtime.Run("delete", "--force", "--", id);
        Bundle.Save();
        Outcome create = Runtime.Run("create", "--bundle", Bundle.Path, "--", RefusedId(id));
        create.Exit.Should().NotBe(0);
        Directory.Exists(decoy).Should().BeTrue("delete stays below the state root");
    }

    [RuntimeFact]
    public void A_second_container_with_the_same_id_is_refused()
    {
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        int pid = Pid();
        Outcome second = Create();
        second.Exit.Should().Be(1);
        second.Err.Should().Contain("container with given ID already exists");
        Pid().Should().Be(pid, "the first one is untouched");
    }

    [RuntimeFact]
    public void Edits_of_the_configuration_after_create_have_no_effect()
    {
        Bundle.Args("echo", "before");
        Runtime.Call create = Call("create");
        create.Run().Should().Be(Silent);
        Bundle.Args("echo", "after").Save();
        Runtime.Run("start", Id).Should().Be(Silent);
        Eventually(() => Status() == "stopped", "echo ends");
        create.Out.Should().Be("before\n");
    }

    [RuntimeFact]
    public void The_pid_file_holds_the_pid_and_nothing_else()
    {
        string file = Path.Combine(Work, "pid");
        File.WriteAllText(file, "");
        Bundle.Args("sleep", "100");
        Create("--pid-file", file).Should().Be(Silent);
        File.ReadAllText(file).Should().Be(Pid().ToString(CultureInfo.InvariantCulture));
        Directory.GetFiles(Work, "*pid*").Should().Equal(file);
    }

    [RuntimeFact]
    public void A_relative_pid_file_is_relative_to_the_caller()
    {
        Bundle.Args("sleep", "100");
        Call("create", "--pid-file", "my.pid").Cwd(Work).Run().Should().Be(Silent);
        File.Exists(Path.Combine(Work, "my.pid")).Should().BeTrue();
    }

    [RuntimeFact]
    public void A_failed_create_leaves_no_pid_file()
    {
        string file = Path.Combine(Work, "pid");
        Bundle.Args("/no/such/program");
        Create("--pid-file", file).Exit.Should().Be(1);
        File.Exists(file).Should().BeFalse();
    }

    [RuntimeFact]
    public void Init_is_adopted_by_the_callers_subreaper()
    {
        const int PR_SET_CHILD_SUBREAPER = 36;
        Bundle.Shell("exit 5");
        Native.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0).Should().Be(0);
        try
        {
            Create().Should().Be(Silent);
            int pid = Pid();
            Runtime.Run("start", Id).Should().Be(Silent);
            int status = -1;
            Eventually(() => Syscall.waitpid(pid, out status, WaitOptions.WNOHANG) == pid, "init is this process's child");
            Syscall.WEXITSTATUS(status).Should().Be(5);
        }
        finally
        {
            Native.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
        }
    }

    [RuntimeFact]
    public void The_state_directory_is_private()
    {
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        Permissions(Runtime.Root!).Should().Be(0b111_000_000);
        Permissions(Path.Combine(Runtime.Root!, Id)).Should().Be(0b111_001_001);
    }

    [RuntimeFact]
    public void One_of_many_concurrent_creates_wins()
    {
        Bundle.Args("sleep", "100").Save();
        Runtime.Call[] calls = new Runtime.Call[8];
        Process[] processes = new Process[calls.Length];
        for (int i = 0; i < calls.Length; i++)
            processes[i] = (calls[i] = Runtime.With("create", "--bundle", Bundle.Path, Id)).Start();
        int winners = 0;
        for (int i = 0; i < calls.Length; i++)
        {
            using Process process = processes[i];
            Outcome outcome = calls[i].Finish(process);
            if (outcome.Exit == 0)
                winners++;
            else
                outcome.Err.Should().Contain("exist");
        }

        winners.Should().Be(1);
        Status().Should().Be("created");
    }

    [RuntimeTheory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    [InlineData(12)]
    [InlineData(25)]
    [InlineData(60)]
    public void Killing_the_runtime_during_create_leaves_something_delete_can_clean(int milliseconds)
    {
        Bundle.Args("sleep", "100");
        Runtime.Call call = Call("create");
        using (Process create = call.Start())
        {
            Thread.Sleep(milliseconds);
            Syscall.kill(create.Id, Signum.SIGKILL);
            create.WaitForExit();
        }

        Runtime.Run("delete", "--force", Id).Exit.Should().Be(0);
    }
}
