using System;
using System.Collections.Generic;
using System.Text.RegularExpressions;

namespace OciRun.Fuzz.Differential;

/// <summary>What the container's process prints of itself, by section, with what may differ from run to run taken out.</summary>
internal static partial class Sight
{
    /// <summary>A shell script that prints "=section" and what there is to see.</summary>
    public const string Script =
        """
        s() { echo "=$1"; }
        s args; echo "$0|$1|$#"
        s cwd; pwd
        s env; env | sort | grep -vE '^(SHLVL|_|PWD|OLDPWD)='
        s id; id -u; id -g; id -G
        s status; grep -E '^(Umask|Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:|SigBlk|SigIgn|Cpus_allowed_list)' /proc/self/status
        s limits; cat /proc/self/limits
        s cgroup; cat /proc/self/cgroup
        s mountinfo; cat /proc/self/mountinfo
        s oom; cat /proc/self/oom_score_adj
        s personality; cat /proc/self/personality
        s machine; uname -m
        s maps; cat /proc/self/uid_map /proc/self/gid_map
        s uts; hostname; cat /proc/sys/kernel/domainname
        s ns; for n in pid net ipc uts cgroup user; do readlink /proc/self/ns/$n; done
        s fd; ls /proc/$$/fd
        s dev; ls -ln /dev /dev/sub /extra 2>&1
        s root; ls -ln / 2>&1
        s made; ls -lnd /made /made/by /made/by/runtime /made/deep /made/deep/t /made/bind /etc/file /linked 2>&1
        s sysctl; cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced /proc/sys/kernel/msgmax
        s masked; for f in /proc/kcore /proc/timer_list /etc/passwd; do head -c 20 $f 2>&1 | wc -c; done; ls /sys/firmware /proc/scsi /mnt 2>&1 | wc -l
        s write; for f in /proc/sys /proc/sysrq-trigger /etc /mnt /tmp /made /; do test -w $f && echo "$f w" || echo "$f -"; done; touch /etc/new 2>&1; touch /tmp/new 2>&1; touch /mnt/new 2>&1; umask
        s calls; mkdir /tmp/d 2>&1; chmod 700 /tmp/d 2>&1; ln -s x /tmp/l 2>&1; rm /tmp/l 2>&1; nice -n 5 true 2>&1; sync; free >/dev/null 2>&1; echo $?
        s end
        """;

    private const string Ignored = "SigIgn:\t";

    // Signals 32 and 33 are the C library's own: whoever it starts by posix_spawn(3) ignores them, and neither the runtimes,
    // which pass that on, nor env(1) can take it back.
    private const ulong Reserved = 0x1_8000_0000;

    /// <summary>The lines of each section.</summary>
    public static SortedDictionary<string, List<string>> Read(string output, string id, string host)
    {
        SortedDictionary<string, List<string>> sections = new(StringComparer.Ordinal);
        List<string> lines = sections["(before)"] = [];
        string section = "";
        foreach (string raw in output.Split('\n'))
        {
            if (raw.StartsWith('='))
            {
                section = raw[1..];
                lines = sections[section] = [];
                continue;
            }

            string line = raw.Replace(id, "ID", StringComparison.Ordinal);
            if (section == "mountinfo")
                line = Mount(line);
            else if (section == "ns")
                line = line.Length == 0 ? "" : $"{line.Split(':')[0]} {(host.Contains(line, StringComparison.Ordinal) ? "host" : "own")}";
            else if (section is "dev" or "root" or "made")
                line = Entry(line);
            else if (line.StartsWith(Ignored, StringComparison.Ordinal))
                line = $"{Ignored}{Convert.ToUInt64(line[Ignored.Length..], 16) & ~Reserved:x16}";
            if (line.Length > 0)
                lines.Add(line);
        }

        if (sections.TryGetValue("mountinfo", out List<string>? mounts))
            mounts.Sort(StringComparer.Ordinal);
        return sections;
    }

    // Without ids, device and peer groups: 36 35 98:0 /root /point rw,noatime shared:1 - ext4 /dev/sda rw
    private static string Mount(string line)
    {
        string[] words = line.Split(' ');
        if (words.Length < 8)
            return line;
        string rest = Group().Replace(string.Join(' ', words[4..]), "${kind}");
        string root = words[3].Contains("/ocirun-differential", StringComparison.Ordinal) ? words[3][words[3].IndexOf("/ocirun-differential", StringComparison.Ordinal)..] : words[3];
        return $"{rest} root {root}";
    }

    [GeneratedRegex(@"(?<kind>shared|master|propagate_from):\d+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Group();

    // Mode, owner, group, numbers of a device, name. Links, sizes and times depend on what else the machine does.
    private static string Entry(string line)
    {
        Match match = Listed().Match(line);
        return match.Success ? match.Result("${mode} ${owner} ${device} ${name}") : line;
    }

    [GeneratedRegex(@"^(?<mode>\S{10}) +\d+ +(?<owner>\d+ +\d+) +(?<device>\d+, +\d+|)\d* +\S+ +\d+ +[0-9:]+ (?<name>.*)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Listed();
}
