using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Kernel;
using OciRun.Launch;
using OciRun.Plan;
using OciRun.Spec;
using OciRun.Validate;

namespace OciRun.Fuzz.Targets;

/// <summary>config.json and its parts, up to the plan and the compiled programs, as create, exec, update and mounts take them.</summary>
internal static class Configs
{
    private const ulong Joinable = Uapi.CLONE_NEWNS | Uapi.CLONE_NEWPID | Uapi.CLONE_NEWNET;

    private static readonly Architecture[] Machines = [Architecture.X64, Architecture.Arm64];

    public static IEnumerable<Target> All(Corpus corpus)
    {
        List<Node> filters = [];
        foreach (Node config in corpus.Configs)
        {
            if (config["linux"]?["seccomp"] is { IsObject: true } seccomp)
                filters.Add(Node.Object(("ociVersion", Node.Text("1.3.0")), ("linux", Node.Object(("seccomp", seccomp)))));
        }

        yield return Doors.Json("config", corpus, corpus.Configs, Config);
        yield return Doors.Json("process", corpus, corpus.Processes, ProcessFile);
        yield return Doors.Json("resources", corpus, corpus.Resources, Resources);
        yield return Doors.Json("hooks", corpus, corpus.Hooks, HooksFile);
        List<Node> single = [];
        foreach (Node list in corpus.Mounts)
        {
            foreach ((_, Node mount) in list.Items)
                single.Add(Node.Array(mount));
        }

        yield return Doors.Json("mounts", corpus, single, Mounts);
        yield return Doors.Json("seccomp", corpus, filters, SeccompProfile);
    }

    private static string Config(byte[] input)
    {
        List<Fault> refused = [];
        List<Fault> ignored = [];
        Config config;
        try
        {
            config = ConfigReader.Read(input, "config.json");
        }
        catch (FaultException)
        {
            ConfigReader.Examine(input, "config.json", refused, ignored);
            BrokenRule.Unless(refused.Count > 0, "what Read refuses, Examine finds nothing in");
            foreach (Fault fault in refused)
                fault.Text();
            throw;
        }

        ConfigReader.Examine(input, "config.json", refused, ignored);
        BrokenRule.Unless(refused.Count == 0, "what Read takes, Examine refuses");
        StringBuilder seen = new();
        List<Fault> layersRefused = [];
        RootLayers? layers = RootLayers.Read(config, null, layersRefused);
        List<Fault> findings = Validator.Check(config, Facts(input));
        foreach (Fault finding in findings)
            seen.Append(finding.Text()).Append('\n');
        CgroupSettings settings = CgroupSettings.From(config.Linux?.Resources);
        foreach (Fault fault in settings.Faults)
            seen.Append(fault.Text()).Append('\n');
        if (findings.Count > 0)
            throw new FaultException(findings[0]);
        CgroupSettings.Checked(config.Linux?.Resources);
        SeccompAnnotations.Apply(config);
        seen.Append(DeviceProgram.Compile(config.Linux?.Resources?.Devices, config.Linux?.Devices).Length);
        string path = CgroupPath.Resolve(config.Linux?.CgroupsPath ?? default, "box", "/own");
        BrokenRule.Unless(path.StartsWith('/') && !path.Contains("/../") && !path.EndsWith("/.."), "a cgroup path that climbs");
        Plan(Planner.Make(Request(config, input, layers)), seen);
        Compile(config.Linux?.Seccomp, seen);
        Systemd(config, settings, seen);
        return seen.ToString();
    }

    private static string ProcessFile(byte[] input)
    {
        Process given = ConfigReader.ReadProcess(input, "process.json");
        Config config = new() { OciVersion = "1.3.0", Root = new Root { Path = "rootfs" }, Process = new Process { Cwd = "/" }, Linux = new Linux() };
        config.Process = ExecProcess.FromFile(config.Process, given);
        List<Fault> findings = Validator.CheckProcess(config, Facts(input));
        if (findings.Count > 0)
        {
            findings.ForEach(static fault => fault.Text());
            throw new FaultException(findings[0]);
        }

        StringBuilder seen = new();
        Plan(Planner.MakeExec(Request(config, input, null) with { Join = Joinable, InitPid = 4711 }), seen);
        return seen.ToString();
    }

    private static string Resources(byte[] input)
    {
        LinuxResources resources = ConfigReader.ReadResources(input, "resources.json");
        CgroupSettings settings = CgroupSettings.From(resources);
        foreach (Fault fault in settings.Faults)
            fault.Text();
        StringBuilder seen = new();
        seen.Append(DeviceProgram.Compile(resources.Devices).Length);
        CgroupSettings.Checked(resources);
        Systemd(new Config { Linux = new Linux { Resources = resources } }, settings, seen);
        if (resources.Cpu is { } cpu)
            ResourcesInForce.CompleteBandwidth(cpu, "max 100000\n");
        if (resources.Memory is { } memory)
            ResourcesInForce.CompleteMemory(memory, "9223372036854771712\n");
        return seen.ToString();
    }

    private static string HooksFile(byte[] input)
    {
        Hooks hooks = ConfigReader.ReadHooks(input, "hooks.json");
        byte[] written = HooksWriter.Write(hooks);
        byte[] again = HooksWriter.Write(ConfigReader.ReadHooks(written, "written"));
        BrokenRule.Unless(written.AsSpan().SequenceEqual(again), "hooks that are written read back otherwise");
        return Encoding.UTF8.GetString(written);
    }

    private static string Mounts(byte[] input)
    {
        Mount[] mounts = ConfigReader.ReadMounts(input, "mounts.json");
        Config config = new() { OciVersion = "1.3.0", Root = new Root { Path = "rootfs" }, Process = new Process { Cwd = "/", Args = ["x"] }, Mounts = mounts, Linux = new Linux { Namespaces = [new Namespace { Type = "mount" }] } };
        List<Fault> findings = Validator.Check(config, Facts(input));
        if (findings.Count > 0)
            throw new FaultException(findings[0]);
        StringBuilder seen = new();
        PlanRequest request = Request(config, input, null) with { Join = Joinable, InitPid = 4711 };
        Plan(Planner.MakeMounts(request), seen);
        Plan(Planner.MakeUnmounts(request), seen);
        return seen.ToString();
    }

    private static string SeccompProfile(byte[] input)
    {
        Config config = ConfigReader.Read(input, "config.json");
        StringBuilder seen = new();
        Compile(config.Linux?.Seccomp, seen);
        return seen.ToString();
    }

    private static void Compile(Seccomp? profile, StringBuilder seen)
    {
        foreach (Architecture machine in Machines)
        {
            if (SeccompCompiler.Compile(profile, machine) is not { } program)
                continue;
            seen.Append(CultureInfo.InvariantCulture, $"\n{program.Load.Count} {program.Load.FilterFlags:x}");
            BrokenRule.Unless(program.Load.Count is > 0 and <= Uapi.BPF_MAXINSNS, "a seccomp program of a length that no kernel takes");
            ReadOnlySpan<sock_filter> code = MemoryMarshal.Cast<byte, sock_filter>(program.Instructions);
            if (profile!.Program is null)
                CheckJumps(code);
            foreach (int number in (ReadOnlySpan<int>)[0, 1, 59, 231, 435, 512, 0x40000000, -1 & int.MaxValue])
                seen.Append(SeccompCompiler.Allows(code, machine, number, 1, ulong.MaxValue) ? '+' : '-');
        }
    }

    // What the kernel checks before it takes a program (seccomp_check_filter): no jump beyond the end, a return last.
    private static void CheckJumps(ReadOnlySpan<sock_filter> code)
    {
        for (int at = 0; at < code.Length; at++)
        {
            sock_filter i = code[at];
            if ((i.code & 7) != 5)
                continue;
            bool always = i.code == 5;
            long furthest = at + 1 + (always ? i.k : Math.Max(i.jt, i.jf));
            BrokenRule.Unless(furthest < code.Length, "a seccomp program that jumps beyond its end");
        }

        BrokenRule.Unless((code[^1].code & 7) == 6, "a seccomp program that ends without a return");
    }

    private static void Systemd(Config config, CgroupSettings settings, StringBuilder seen)
    {
        SystemdProperties properties = new();
        try
        {
            SystemdPath path = SystemdPath.Resolve(config.Linux?.CgroupsPath ?? default, "box", isUser: false);
            properties.AddUnit(path, "box", 4711);
        }
        catch (FaultException e)
        {
            seen.Append(e.Fault.Text());
        }

        properties.AddLimits(settings.Files, static () => 252);
        properties.AddDevices(DeviceProgram.Allowed(config.Linux?.Resources?.Devices, config.Linux?.Devices));
        properties.AddAnnotations(config.Annotations);
        DBusWriter writer = new();
        writer.Value(properties.ToValue());
        DBusReader reader = new(writer.Bytes, bigEndian: false);
        BrokenRule.Unless(reader.Value("a(sv)").ToString() == properties.ToValue().ToString(), "properties that are written read back otherwise");
        seen.Append(properties);
    }

    private static void Plan(ContainerPlan plan, StringBuilder seen)
    {
        try
        {
            string text = PlanText.Text(plan);
            seen.Append(text);
            byte[] json = PlanText.Json(plan);
            BrokenRule.Unless(Node.Parse(json) is not null, "a plan whose JSON is none");
            foreach (string warning in plan.Warnings)
                seen.Append(warning);
        }
        finally
        {
            plan.Arena.Dispose();
        }
    }

    private static ValidationFacts Facts(byte[] input) => new()
    {
        Privileged = !Doors.Bit(input, 0),
        Euid = Doors.Bit(input, 0) ? 1000u : 0,
        RootlessEuid = Doors.Bit(input, 0),
        InUserNamespace = Doors.Bit(input, 0) && Doors.Bit(input, 1),
        AppArmor = Doors.Bit(input, 2),
        SELinux = Doors.Bit(input, 3),
    };

    private static PlanRequest Request(Config config, byte[] input, RootLayers? layers) => new()
    {
        Config = config,
        Bundle = "/bundle",
        Rootfs = "/bundle/rootfs",
        Layers = layers,
        Id = "box",
        Environment = ["PATH=/bin"],
        Privileged = !Doors.Bit(input, 0),
        InUserNamespace = Doors.Bit(input, 0) && Doors.Bit(input, 1),
        NoPivot = Doors.Bit(input, 4),
        ListenFds = Doors.Bit(input, 5) ? 2 : 0,
        CgroupPath = "/sys/fs/cgroup/box",
        CgroupMount = "/sys/fs/cgroup",
        CgroupComesLate = Doors.Bit(input, 6),
        Rootless = Doors.Bit(input, 0),
        TimeNamespaceOnExec = Doors.Bit(input, 7),
    };
}
