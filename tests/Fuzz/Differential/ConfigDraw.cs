using System;
using System.Collections.Generic;
using System.Globalization;

namespace OciRun.Fuzz.Differential;

/// <summary>
/// A random config.json that every runtime has to understand: fields of the specification that ocirun, crun and runc all
/// know, with values that are in order.
/// </summary>
internal static class ConfigDraw
{
    private static readonly string[] Capabilities =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SYS_CHROOT", "CAP_MKNOD",
        "CAP_AUDIT_WRITE", "CAP_SETFCAP", "CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SYS_PTRACE",
    ];

    private static readonly (string Type, ulong Most)[] Limits =
    [
        ("RLIMIT_NOFILE", 1024), ("RLIMIT_CORE", 0), ("RLIMIT_NPROC", 4096), ("RLIMIT_STACK", 8 << 20), ("RLIMIT_FSIZE", 1 << 30), ("RLIMIT_CPU", 1000), ("RLIMIT_MEMLOCK", 65536), ("RLIMIT_SIGPENDING", 500),
    ];

    // Of each group one word at most: crun lets a word stand that a later one takes back.
    private static readonly string[][] Flags =
        [["ro", "rw"], ["nosuid"], ["noexec"], ["nodev"], ["noatime", "relatime"], ["nodiratime"]];

    private static readonly string[][] TmpfsOptions =
        [.. Flags, ["sync"], ["dirsync"], ["mode=755", "mode=1777"], ["size=64k", "size=1m"], ["nr_inodes=100"], ["uid=5"], ["gid=7"]];

    private static readonly string[][] BindOptions = [.. Flags, ["rprivate", "private", "rslave"]];

    private static readonly string[] Namespaces = ["pid", "network", "ipc", "uts", "cgroup"];

    private static readonly string[] Masked = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/sys/firmware", "/proc/nothing", "/etc/passwd", "/mnt", "/etc/none/x"];

    private static readonly string[] Readonly = ["/proc/sys", "/proc/bus", "/proc/irq", "/proc/sysrq-trigger", "/proc/nothing", "/etc", "/mnt", "/tmp"];

    private static readonly string[] Calls = ["mkdir", "chmod", "fchmodat", "sethostname", "symlink", "symlinkat", "mkdirat", "unlink", "unlinkat", "getpriority", "sync", "personality", "sysinfo", "nice", "setpriority"];

    public static Node Make(Draw draw, string script)
    {
        bool user = draw.Chance(25);
        Node linux = Linux(draw, user);
        Node config = Node.Object(
            ("ociVersion", Node.Text(draw.Of<string>(["1.0.2", "1.1.0", "1.2.0"]))),
            ("process", Process(draw, script)),
            ("root", Node.Object(("path", Node.Text("rootfs")), ("readonly", Flag(draw, 25)))),
            ("mounts", Mounts(draw)),
            ("linux", linux));
        if (Has(linux, "uts"))
        {
            if (draw.Chance(60))
                config.Set("hostname", Node.Text(draw.Of<string>(["box", "a.example.org", "x-1", "h0123456789012345678901234567890123456789012345678901234567890"])));
            if (draw.Chance(30))
                config.Set("domainname", Node.Text(draw.Of<string>(["example.org", "d"])));
        }

        if (draw.Chance(15))
            config.Set("hooks", Hooks(draw));
        if (draw.Chance(20))
            config.Set("annotations", Node.Object(("org.example.a", Node.Text("b")), ("empty", Node.Text(""))));
        return config;
    }

    private static Node Process(Draw draw, string script)
    {
        Node ids = Node.Object(("uid", Number(draw.Of<int>([0, 0, 0, 1000, 65534, 3]))), ("gid", Number(draw.Of<int>([0, 0, 1000, 5]))));
        if (draw.Chance(30))
            ids.Set("umask", Number(draw.Of<int>([0, 18, 63, 511])));
        if (draw.Chance(35))
            ids.Set("additionalGids", Node.Array([Number(10), Number(draw.Of<int>([20, 1000, 65534]))]));
        Node process = Node.Object(
            ("terminal", Node.Scalar("false")),
            ("user", ids),
            ("args", Node.Array(Node.Text("/bin/sh"), Node.Text("-c"), Node.Text(script), Node.Text("sh"), Node.Text(draw.Of<string>(["", "a b", "é", "$HOME", "\"'\\"])))),
            ("env", Node.Array(Node.Text("PATH=/bin"), Node.Text(draw.Of<string>(["A=b", "EMPTY=", "X=a=b", "HOME=/x", "U=é", "A=1"])), Node.Text("A=2"))),
            ("cwd", Node.Text(draw.Of<string>(["/", "/", "/tmp", "/etc", "/made/by/runtime"]))));

        // What no capabilities at all mean differs by version, and much follows from it: conformance/process.capabilities has it.
        process.Set("capabilities", CapabilitySets(draw));
        if (draw.Chance(50))
            process.Set("rlimits", Rlimits(draw));
        if (draw.Chance(40))
            process.Set("oomScoreAdj", Number(draw.Of<int>([0, 100, 500, 1000])));
        if (draw.Chance(70))
            process.Set("noNewPrivileges", Flag(draw, 50));
        return process;
    }

    private static Node CapabilitySets(Draw draw)
    {
        // Permitted lies within bounding, the others within permitted, ambient in inheritable too.
        List<string> bounding = Some(draw, Capabilities, 60);
        List<string> permitted = Some(draw, bounding, 80);
        List<string> inheritable = draw.Chance(30) ? Some(draw, permitted, 60) : [];
        Node sets = Node.Object(("bounding", Texts(bounding)), ("permitted", Texts(permitted)), ("effective", Texts(Some(draw, permitted, 85))));
        if (inheritable.Count > 0)
        {
            sets.Set("inheritable", Texts(inheritable));
            if (draw.Chance(50))
                sets.Set("ambient", Texts(Some(draw, inheritable, 60)));
        }

        return sets;
    }

    private static Node Rlimits(Draw draw)
    {
        Node list = Node.Array();
        foreach ((string type, ulong most) in Some(draw, Limits, 35))
        {
            ulong soft = most == 0 ? 0 : most - ((ulong)draw.Below(3) * (most / 4));
            list.Items.Add((null, Node.Object(("type", Node.Text(type)), ("hard", Number(most)), ("soft", Number(soft)))));
        }

        return list;
    }

    private static Node Mounts(Draw draw)
    {
        Node list = Node.Array(Mount("/proc", "proc", "proc", draw.Chance(50) ? [] : ["nosuid", "noexec", "nodev"]));
        if (draw.Chance(80))
            list.Items.Add((null, Mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"])));
        if (draw.Chance(60))
            list.Items.Add((null, Mount("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"])));
        if (draw.Chance(30))
            list.Items.Add((null, Mount("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"])));
        for (int i = draw.Below(3); i > 0; i--)
            list.Items.Add((null, Mount(draw.Of<string>(["/mnt", "/mnt/a", "/made/deep/t", "/tmp"]), "tmpfs", draw.Of<string>(["tmpfs", "none", "x"]), OneOfEach(draw, TmpfsOptions))));
        for (int i = draw.Below(3); i > 0; i--)
        {
            (string source, string target) = draw.Of<(string, string)>([("shared", "/mnt/b"), ("shared", "/made/bind"), ("shared/file", "/etc/file"), ("shared", "/mnt"), ("shared/link", "/linked")]);
            list.Items.Add((null, Mount(target, "bind", source, [draw.Of<string>(["bind", "rbind"]), .. OneOfEach(draw, BindOptions)])));
        }

        return list;
    }

    private static Node Linux(Draw draw, bool user)
    {
        Node namespaces = Node.Array(Node.Object(("type", Node.Text("mount"))));
        List<string> types = Some(draw, Namespaces, 75);
        if (!types.Contains("pid"))
            types.Add("pid");
        if (user)
            types.AddRange(["user", "network", "ipc", "uts"]);
        HashSet<string> once = new(types, StringComparer.Ordinal);
        foreach (string type in once)
            namespaces.Items.Add((null, Node.Object(("type", Node.Text(type)))));
        Node linux = Node.Object(("namespaces", namespaces));
        if (user)
        {
            Node maps = Node.Array(Node.Object(("containerID", Number(0)), ("hostID", Number(100000)), ("size", Number(65536))));
            linux.Set("uidMappings", maps).Set("gidMappings", maps.Copy());
        }

        if (draw.Chance(60))
            linux.Set("maskedPaths", Texts(Some(draw, Masked, 40)));
        if (draw.Chance(60))
            linux.Set("readonlyPaths", Texts(Some(draw, Readonly, 40)));
        Node sysctl = new() { IsObject = true };
        if (once.Contains("network") && draw.Chance(40))
            sysctl.Set("net.ipv4.ip_unprivileged_port_start", Node.Text("80"));
        if (once.Contains("ipc") && draw.Chance(40))
            sysctl.Set(draw.Of<string>(["kernel.shm_rmid_forced", "kernel.msgmax"]), Node.Text("1"));
        if (sysctl.Items.Count > 0)
            linux.Set("sysctl", sysctl);
        if (draw.Chance(25) && !user)
            linux.Set("devices", Node.Array(Node.Object(
                ("path", Node.Text(draw.Of<string>(["/dev/extra", "/dev/sub/extra", "/extra"]))), ("type", Node.Text(draw.Of<string>(["c", "u", "p"]))),
                ("major", Number(1)), ("minor", Number(3)), ("fileMode", Number(draw.Of<int>([438, 384, 511]))), ("uid", Number(0)), ("gid", Number(draw.Of<int>([0, 5]))))));
        if (draw.Chance(35))
            linux.Set("seccomp", Seccomp(draw));
        if (draw.Chance(15))
            linux.Set("personality", Node.Object(("domain", Node.Text(draw.Of<string>(["LINUX", "LINUX32"])))));
        if (draw.Chance(25))
            linux.Set("rootfsPropagation", Node.Text(draw.Of<string>(["private", "slave", "rprivate", "rslave"])));
        return linux;
    }

    private static Node Seccomp(Draw draw)
    {
        Node rules = Node.Array();
        foreach (string call in Some(draw, Calls, 40))
        {
            Node rule = Node.Object(("names", Node.Array(Node.Text(call))), ("action", Node.Text("SCMP_ACT_ERRNO")), ("errnoRet", Number(draw.Of<int>([1, 22, 38]))));
            if (call == "personality")
                rule.Set("args", Node.Array(Node.Object(("index", Number(0)), ("value", Number(8)), ("op", Node.Text(draw.Of<string>(["SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_LT"]))))));
            rules.Items.Add((null, rule));
        }

        return Node.Object(("defaultAction", Node.Text("SCMP_ACT_ALLOW")), ("architectures", Texts(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"])), ("syscalls", rules));
    }

    private static Node Hooks(Draw draw)
    {
        string kind = draw.Of<string>(["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]);
        return Node.Object((kind, Node.Array(Node.Object(("path", Node.Text("/bin/sh")), ("args", Texts(["sh", "-c", draw.Chance(85) ? "exit 0" : "exit 3"])), ("env", Texts(["PATH=/bin"])), ("timeout", Number(5))))));
    }

    private static bool Has(Node linux, string type)
    {
        foreach ((_, Node entry) in linux["namespaces"]!.Items)
        {
            if (System.Text.Encoding.UTF8.GetString(entry["type"]!.Token!) == $"\"{type}\"")
                return true;
        }

        return false;
    }

    private static Node Mount(string destination, string type, string source, List<string> options)
    {
        Node mount = Node.Object(("destination", Node.Text(destination)), ("type", Node.Text(type)), ("source", Node.Text(source)));
        return options.Count == 0 ? mount : mount.Set("options", Texts(options));
    }

    private static List<T> Some<T>(Draw draw, IReadOnlyList<T> from, int percent)
    {
        List<T> chosen = [];
        foreach (T item in from)
        {
            if (draw.Chance(percent))
                chosen.Add(item);
        }

        return chosen;
    }

    private static List<string> OneOfEach(Draw draw, string[][] groups) =>
        Some(draw, groups, 25).ConvertAll(group => draw.Of<string>(group));

    private static Node Texts(IReadOnlyList<string> texts)
    {
        Node list = Node.Array();
        foreach (string text in texts)
            list.Items.Add((null, Node.Text(text)));
        return list;
    }

    private static Node Number(long number) => Node.Scalar(number.ToString(CultureInfo.InvariantCulture));

    private static Node Number(ulong number) => Node.Scalar(number.ToString(CultureInfo.InvariantCulture));

    private static Node Flag(Draw draw, int percent) => Node.Scalar(draw.Chance(percent) ? "true" : "false");
}
