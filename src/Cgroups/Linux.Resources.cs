using System.Collections.Generic;
using System.Globalization;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Cgroups;

/// <summary>
/// linux.resources as writes to the files of a cgroup, in their order (features.md 2.12). Pure: nothing is looked up.
/// Each controller's part is in a file of its own; device rules are a program and not here.
/// </summary>
internal sealed partial class CgroupSettings
{
    private const string Prefix = "linux.resources.";

    private readonly List<CgroupSetting> _all = [];
    private readonly List<Fault> _faults = [];

    private CgroupSettings(LinuxResources resources)
    {
        if (resources.Pids is { } pids)
            AddPids(pids);
        if (resources.Memory is { } memory)
            AddMemory(memory);
        if (resources.BlockIo is { } blockIo)
            AddBlockIo(blockIo);
        if (resources.Cpu is { } cpu)
        {
            AddCpu(cpu);
            AddCpuset(cpu);
        }

        AddHugepageLimits(resources.HugepageLimits ?? []);
        AddRdma(resources.Rdma ?? []);
        if (resources.Network is { } network)
            AddNetwork(network);
        AddUnified(resources.Unified ?? []);
    }

    /// <summary>The writes; a value that the config leaves out has none.</summary>
    public IReadOnlyList<CgroupSetting> All => _all;

    /// <summary>Files and texts of all of them.</summary>
    public IEnumerable<(string File, string Text)> Files
    {
        get
        {
            foreach (CgroupSetting setting in _all)
                yield return (setting.File, setting.Text);
        }
    }

    /// <summary>What cannot be: wrong values, and values that only cgroup v1 knows.</summary>
    public IReadOnlyList<Fault> Faults => _faults;

    /// <summary>Bytes in use above which the memory limit shall not be set; 0 when usage does not matter.</summary>
    public long MemoryToCheck { get; private set; }

    /// <summary>The same for memory and swap together.</summary>
    public long SwapToCheck { get; private set; }

    /// <summary>The settings that the resources stand for, with all that is wrong with them.</summary>
    public static CgroupSettings From(LinuxResources? resources) => new(resources ?? Nothing);

    /// <summary>The same, for who needs them to be right.</summary>
    /// <exception cref="FaultException">The first of <see cref="Faults"/>.</exception>
    public static CgroupSettings Checked(LinuxResources? resources)
    {
        CgroupSettings settings = From(resources);
        return settings._faults.Count == 0 ? settings : throw new FaultException(settings._faults[0]);
    }

    private static LinuxResources Nothing { get; } = new();

    private void Add(string field, string file, string text, string? value = null) =>
        _all.Add(new CgroupSetting(Prefix + field, value ?? text, file, text));

    private void Refuse(string field, string? value, string message, string hint) =>
        _faults.Add(new Fault(message) { Field = Prefix + field, Value = value, Hint = hint });

    // Memory and most else of version 1 has another name in version 2; these have none.
    private void RefuseV1(string field, string value, string controller, string hint)
    {
        _faults.Add(new Fault($"cgroup v2 has no such limit: it belongs to the controller {controller} of cgroup v1")
        {
            Field = Prefix + field,
            Value = value,
            Code = "unsupported-field",
            Hint = hint,
        });
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Text(ulong number) => number.ToString(CultureInfo.InvariantCulture);
}
