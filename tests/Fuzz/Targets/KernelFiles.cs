using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using OciRun.Cgroups;
using OciRun.Commands;
using OciRun.Host;
using OciRun.Kernel;
using OciRun.Launch;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Fuzz.Targets;

/// <summary>Files of cgroups, resctrl and /proc. They are the kernel's, but also what somebody mounted over them.</summary>
internal static class KernelFiles
{
    private static readonly (string Name, string Text)[] Cgroup =
    [
        ("cpu.stat", "usage_usec 1234\nuser_usec 1000\nsystem_usec 234\nnr_periods 3\nnr_throttled 1\nthrottled_usec 99\n"),
        ("cpu.pressure", "some avg10=0.00 avg60=1.23 avg300=99.99 total=12345\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"),
        ("memory.current", "4096\n"), ("memory.max", "max\n"), ("memory.peak", "8192\n"), ("memory.swap.current", "0\n"), ("memory.swap.max", "1048576\n"),
        ("memory.swap.events", "high 0\nmax 1\nfail 0\n"), ("memory.stat", "anon 1\nfile 2\nkernel_stack 3\ninactive_file 4\n"),
        ("memory.events", "low 0\nhigh 0\nmax 0\noom 1\noom_kill 1\n"), ("memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"),
        ("pids.current", "3\n"), ("pids.max", "max\n"), ("io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n253:1 rbytes=9\n"),
        ("io.pressure", "full avg10=0.01 avg60=0.00 avg300=0.00 total=18446744073709551615\n"), ("cgroup.events", "populated 1\nfrozen 0\n"),
        ("cgroup.procs", "1\n22\n4194304\n"), ("cgroup.threads", "1\n2\n"), ("cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma misc\n"), ("cgroup.freeze", "1\n"),
        ("rdma.current", "mlx4_0 hca_handle=2 hca_object=2000\n"), ("rdma.max", "mlx4_0 hca_handle=max hca_object=3\n"),
        ("hugetlb.2MB.current", "0\n"), ("hugetlb.2MB.max", "max\n"), ("hugetlb.2MB.events", "max 0\n"), ("hugetlb.1GB.rsvd.current", "1\n"),
    ];

    private static readonly string[] Proc =
    [
        "36 35 98:0 /mnt1 /mnt/a\\040b rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n25 1 0:22 / /sys/fs/cgroup rw,nosuid shared:9 master:2 - cgroup2 cgroup2 rw\n",
        "40 1 0:22 / /sys/fs/resctrl rw - resctrl resctrl rw\n1 0 0:1 / / rw - rootfs rootfs rw\n",
        "4711 (a b) c)) S 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 1 2 18446744073709551615 1 1\n",
        "0::/user.slice/session-1.scope\n", "12:memory,cpu:/a\n3:name=systemd:/b:c\n0::/x\n", "         0          0 4294967295\n", "0 100000 65536\n65536 1 1\n",
        "5.10.0-28-amd64\n", "40\n", "docker-default (enforce)\n", "READY=1\nSTATUS=x\n", "cpuset cpu io\n", "100000 50000\n", "max 100000\n",
        "Name:\tx\nSeccomp:\t2\nNoNewPrivs:\t1\nCapEff:\t000001ffffffffff\n", "L3:0=fff;1=0ff\nMB:0=100\n", "0-3,7,11-12\n", "252 (252.5-2)\n",
    ];

    public static IEnumerable<Target> All(Scratch scratch)
    {
        string directory = scratch.Make("cgroup");
        yield return new Target("cgroup", Make, input => Statistic(directory, input)) { RunsTwice = false };
        yield return Doors.Bytes("proc", Array.ConvertAll(Proc, Encoding.UTF8.GetBytes), Procfs);
    }

    // All files one after another, each with its name in a line that begins with '#'.
    private static byte[] Make(Draw draw)
    {
        List<byte> all = [];
        int chosen = draw.Below(Cgroup.Length);
        for (int i = 0; i < Cgroup.Length; i++)
        {
            if (draw.Chance(5))
                continue;
            byte[] text = Encoding.UTF8.GetBytes(draw.Chance(5) ? draw.Of<(string, string Text)>(Cgroup).Text : Cgroup[i].Text);
            all.AddRange(Encoding.UTF8.GetBytes($"#{Cgroup[i].Name}\n"));
            all.AddRange(i == chosen || draw.Chance(15) ? ByteMutator.Mutate(text, draw) : text);
        }

        return [.. all];
    }

    private static string Statistic(string path, byte[] input)
    {
        foreach (string file in Directory.GetFiles(path))
            File.Delete(file);
        string text = Encoding.Latin1.GetString(input);
        foreach (string part in text.Split('#'))
        {
            int end = part.IndexOf('\n', StringComparison.Ordinal);
            string name = end < 0 ? "" : part[..end];
            if (Array.Exists(Cgroup, known => known.Name == name))
                File.WriteAllBytes(Path.Combine(path, name), Encoding.Latin1.GetBytes(part[(end + 1)..]));
        }

        using Fd directory = Scratch.Open(path);
        StringBuilder seen = new();
        seen.Append(CgroupDirectory.IsPopulated(directory.Number)).Append(CgroupDirectory.IsToFreeze(directory.Number));
        foreach (int pid in CgroupMembers.Pids(directory.Number))
            seen.Append(CultureInfo.InvariantCulture, $" {pid}");
        seen.Append(CgroupDirectory.Lacks(CgroupDirectory.List(directory.Number, "cgroup.controllers"u8), "cpu memory"u8));
        if (Statistics.Read(directory.Number) is not { } statistics)
            return seen.ToString();
        byte[] json = EventsJson.Stats("box", statistics, null);
        BrokenRule.Unless(Node.Parse(json) is not null, "statistics whose JSON is none");
        string metrics = Prometheus.Write([new ContainerSample("box", ContainerStatus.Running, statistics)]);
        BrokenRule.Unless(metrics.EndsWith('\n'), "metrics without an end");
        return seen.Append(Encoding.UTF8.GetString(json)).Append(metrics).ToString();
    }

    private static string Procfs(byte[] input)
    {
        StringBuilder seen = new();
        seen.Append(Mountinfo.PointOf(input, " - cgroup2 "u8)).Append(Mountinfo.PointOf(input, " - resctrl "u8));
        seen.Append(CgroupMount.FromMountinfo(input)?.Path).Append(CgroupMount.OwnFrom(input));
        foreach (MountEntry entry in MountEntry.Parse(input))
            seen.Append(entry);
        seen.Append(ProcStat.TryParse(input, out ProcStat stat) ? stat.ToString() : "no stat");
        seen.Append(Machine.ParseLastCapability(input)).Append(Machine.ParseRelease(input)).Append(Machine.IsMapped(input));
        seen.Append(Machine.IsConfined(input)).Append(Machine.Covers(input, 5, 1)).Append(Encoding.UTF8.GetString(NotifySocket.FindReady(input)));
        seen.Append(JoinedIdMaps.Matches(input, [new IdMapping { ContainerId = 0, HostId = 100000, Size = 65536 }]));
        string text = Encoding.UTF8.GetString(input);
        seen.Append(CgroupController.IsVersion1(text, "memory")).Append(CgroupValue.Number(text)).Append(CgroupValue.Keyed(text, "oom_kill"));
        seen.Append(SystemdUnit.ParseVersion(text)).Append(NumberList.Parse(input, out string problem)?.Length).Append(problem);
        seen.Append(SystemdProperties.Mask(text)?.Length);
        ResourcesInForce.CompleteBandwidth(new LinuxCpu { Quota = 5 }, text);
        ResourcesInForce.CompleteMemory(new LinuxMemory { Swap = 5 }, text);
        foreach (string line in CgroupRestoration.Lines("io.max", "8:0 rbps=1", text))
            seen.Append(line);
        return seen.ToString();
    }
}
