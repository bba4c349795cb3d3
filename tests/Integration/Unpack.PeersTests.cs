using System;
using System.IO;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>
/// The trees that umoci makes of images that umoci wrote, and the trees of ocirun: type, mode, owner, times, attributes, links
/// and content, as a tar archive has them.
/// </summary>
public sealed class UnpackPeersTests : UnpackTest
{
    private const string First = """
        mkdir -p bin etc/deep/er tmp var/empty gone opaque usr/lib
        chmod 1777 tmp; chmod 2750 var/empty; chown 12:34 var/empty
        cp /bin/busybox bin/busybox; chmod 4755 bin/busybox
        for a in sh ls cat; do ln -s busybox bin/$a; done
        echo root:x:0:0:root:/:/bin/sh > etc/passwd
        echo one > etc/deep/er/one; ln etc/deep/er/one etc/hard; ln -s ../one etc/deep/soft; ln -s /nowhere abs
        mknod null c 1 3; mknod block b 7 300; mkfifo fifo
        cp bin/busybox capable; setcap cap_net_raw+ep capable || true
        echo attributes > attr; setfattr -n user.one -v 1 attr || true; setfattr -n user.dir -v 2 etc/deep || true
        truncate -s 3M sparse; echo end >> sparse; dd if=/dev/zero of=hole bs=1 count=0 seek=1M 2>/dev/null
        touch -d '2001-02-03 04:05:06.789' etc/passwd; touch -h -d '1999-01-01' etc/deep/soft; touch -d '1960-01-01' old
        echo x > gone/x; echo y > opaque/y; echo z > opaque/z; echo f > file; mkdir dir; echo d > dir/d
        mkdir "na me"; printf 'n' > "$(printf 'na me/\nx')"; touch "$(printf '%0250d' 1)"
        """;

    private const string Second = """
        rm -r gone opaque/y; echo new > opaque/new; rm file; mkdir file; echo in > file/in
        rm -r dir; echo now > dir; chmod 700 etc/deep; chown 5:6 etc/hard; ln etc/deep/er/one second
        rm -r usr; ln -s etc usr; rm fifo; mkdir fifo
        """;

    private const string Third = """
        rm -r file; echo again > file; rm dir; mkdir -p dir/sub; mkdir gone; rm usr; mkdir usr; rm -r "na me"
        """;

    // Names of directories have no size and no number of links that would mean the same on every file system.
    private const string List = """
        export LC_ALL=C
        cd "$1"
        find . -type d -printf '%P|%y|%m|%U:%G|%T@\n' -o -type f -printf '%P|%y|%m|%U:%G|%T@|%s|%n\n' -o -printf '%P|%y|%m|%U:%G|%T@|%n|%l\n' | sort
        find . -type b -exec stat -c '%n %t:%T' {} + -o -type c -exec stat -c '%n %t:%T' {} + | sort
        find . -print0 | sort -z | xargs -0 getfattr -h -d -m - -e hex -- 2>/dev/null || true
        find . -type f -print0 | sort -z | xargs -0 sha256sum
        find . -links +1 -not -type d -printf '%i %P\n' | sort -k2 | awk '!($1 in n) { n[$1] = ++c } { print n[$1], $2 }'
        """;

    private const string View = """
        cd "$2"
        lower=$(sed -n 's/.*rootfs.lower": "\(.*\)".*/\1/p' config.json | sed "s|^implied|$PWD/implied|")
        mkdir -p "$1/view"
        [ ! -d upper ] || lower=$PWD/upper:$lower
        mount -t overlay overlay -o "lowerdir=$lower" "$1/view"
        exec /bin/sh -ec "$3" sh "$1/view"
        """;

    [UmociFact]
    public void Trees_are_those_of_umoci()
    {
        string image = Path.Combine(Work, "umoci");
        File.WriteAllText(Path.Combine(Work, "make"), $$"""
            cd {{Work}}
            umoci init --layout umoci
            umoci new --image umoci:tag
            layer() (
              umoci unpack --image umoci:tag edit >/dev/null 2>&1
              cd edit/rootfs; umask 022; . "$1"; cd ../..
              umoci repack --image umoci:tag edit >/dev/null 2>&1; rm -rf edit
            )
            layer {{Script("first", First)}}
            layer {{Script("second", Second)}}
            layer {{Script("third", Third)}}
            umoci config --image umoci:tag --config.cmd ls --config.cmd -l --config.cmd /
            umoci unpack --image umoci:tag theirs 2>/dev/null
            """);
        Shell("/bin/sh", "-e", Path.Combine(Work, "make"));
        UnpackTo($"{image}:tag", Unpacked).Should().Be(Silent);
        UnpackTo($"{image}:tag", Path.Combine(Work, "flat"), "--flat").Should().Be(Silent);
        UnpackTo($"{image}:tag", Path.Combine(Work, "thrown"), "--ephemeral").Should().Be(Silent);
        string theirs = Listing(Path.Combine(Work, "theirs", "rootfs"));
        theirs.Should().Contain("second|f").And.Contain("user.one").And.Contain("security.capability").And.Contain("null 1:3");
        Listing(Path.Combine(Work, "flat", "rootfs")).Should().Be(theirs);
        Overlay(Unpacked).Should().Be(theirs);
        Overlay(Path.Combine(Work, "thrown")).Should().Be(theirs);

        // Runs and sees the same.
        Outcome flat = Runtime.Run("run", "--bundle", Path.Combine(Work, "flat"), NewId());
        flat.Out.Should().Contain(" second\n");
        RunUnpacked().Out.Split('\n').Should().HaveSameCount(flat.Out.Split('\n'));
    }

    private string Script(string name, string text)
    {
        string path = Path.Combine(Work, name);
        File.WriteAllText(path, text);
        return path;
    }

    private string Overlay(string bundle) =>
        Shell("unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec", View, "sh", Work, bundle, List);

    private static string Listing(string tree) => Shell("/bin/sh", "-ec", List, "sh", tree);
}

/// <summary>A test that needs umoci beside the runtime.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UmociFactAttribute : FactAttribute
{
    public UmociFactAttribute() => Skip = RuntimeRequirement.Missing()
        ?? (File.Exists("/usr/bin/umoci") && File.Exists("/usr/bin/setfattr") && File.Exists("/usr/sbin/setcap")
            ? null
            : "needs umoci, setfattr and setcap: run scripts/setup");
}
