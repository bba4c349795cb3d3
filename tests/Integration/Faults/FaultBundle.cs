using System.IO;
using System.Linq;
using System.Text.Json.Nodes;

namespace OciRun.Tests.Integration.Faults;

/// <summary>
/// A bundle that uses what can fail: hooks of every kind, limits, a filter, masks, a user. Its program writes down how
/// closed its container is, so that a fault which leaves a container less closed shows.
/// </summary>
internal static class FaultBundle
{
    // Not the source and the file system's options of a mount, nor the user's home, which falls back to "/"; nor how a
    // device came into /dev, which is by a mount where it cannot be made; nor the order of the mounts in different places, which
    // is that in which they were cloned, not attached.
    private const string Facts = """
        grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp|SigBlk|SigIgn|Umask|NSpid|NSsid)' /proc/self/status
        cut -d ' ' -f 4- /proc/self/mountinfo | sed 's/:[0-9]*//g; s/ - \([^ ]*\) .*/ \1/' | grep -v '^/[a-z]* /dev/[a-z]* .* devtmpfs$' | sort -s -k 2,2
        ls -ln /dev | awk '{ print $1, $3, $4, $5, $6, $NF }'
        ls /proc/self/fd | wc -l
        cat /proc/self/limits /proc/self/oom_score_adj /proc/sys/kernel/msgmax
        sed 's/.*:://' /proc/self/cgroup
        hostname; pwd; env | grep -v '^HOME='
        cd /proc/self/ns; for n in *; do echo "$n $(readlink $n)"; done | grep -F -f /out/host
        wc -c < /proc/keys
        (: > /new) 2>&1; (: > /proc/sys/kernel/hostname) 2>&1
        mkdir /out/x 2>&1
        """;

    /// <param name="bundle">The bundle.</param>
    /// <param name="output">Directory for what the program says; not in the rootfs, which is read-only.</param>
    /// <param name="after">What the program does after it has said it.</param>
    public static void Fill(Bundle bundle, string output, string after)
    {
        Directory.CreateDirectory(output);
        File.SetUnixFileMode(output, (UnixFileMode)0b111_111_111);
        Directory.CreateDirectory(bundle.InRootfs("/out"));
        File.WriteAllLines(Path.Combine(output, "host"), Directory.GetFileSystemEntries("/proc/self/ns").Select(path => new FileInfo(path).LinkTarget!));
        File.WriteAllText(Path.Combine(output, "facts"), $"{{\n{Facts}\n}} > /out/new 2>&1\nmv /out/new /out/report\n");
        bundle.Shell($"sh /out/facts; {after}");
        bundle.Mount("/out", "bind", output, "bind");
        bundle.Config["root"]!["readonly"] = true;
        bundle.Process["user"] = new JsonObject { ["uid"] = 1000, ["gid"] = 1000, ["additionalGids"] = new JsonArray(5, 6) };
        bundle.Process["rlimits"] = new JsonArray(new JsonObject { ["type"] = "RLIMIT_NOFILE", ["soft"] = 100, ["hard"] = 200 });
        bundle.Process["oomScoreAdj"] = 10;
        bundle.Linux["sysctl"] = new JsonObject { ["kernel.msgmax"] = "4096" };
        bundle.Linux["seccomp"] = new JsonObject
        {
            ["defaultAction"] = "SCMP_ACT_ALLOW",
            ["syscalls"] = new JsonArray(new JsonObject { ["names"] = new JsonArray("mkdir", "mkdirat"), ["action"] = "SCMP_ACT_ERRNO" }),
        };
        JsonObject hooks = [];
        foreach (string hook in new[] { "createRuntime", "createContainer", "startContainer", "poststart", "poststop" })
            hooks[hook] = new JsonArray(new JsonObject { ["path"] = "/bin/true" });
        bundle.Config["hooks"] = hooks;
    }
}
