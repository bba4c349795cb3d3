using OciRun.Spec;

namespace OciRun.Cgroups;

internal sealed partial class CgroupSettings
{
    private const string Unlimited = "max";
    private const string NoCounterpart = "remove it";

    private void AddMemory(LinuxMemory memory)
    {
        long limit = Bytes("memory.limit", memory.Limit);
        long swap = Bytes("memory.swap", memory.Swap);
        long reservation = Bytes("memory.reservation", memory.Reservation);
        AddSwap(limit, swap);
        if (limit != 0)
            Add("memory.limit", "memory.max", BytesText(limit), Text(limit));
        if (reservation != 0)
            Add("memory.reservation", "memory.low", BytesText(reservation), Text(reservation));
        if (memory.CheckBeforeUpdate == true)
        {
            MemoryToCheck = System.Math.Max(limit, 0);
            SwapToCheck = System.Math.Max(swap, 0);
        }

        if (memory.Kernel is > 0 and { } kernel)
            RefuseV1("memory.kernel", Text(kernel), "memory", "memory.limit covers the kernel's memory too; " + NoCounterpart);
        if (memory.KernelTcp is > 0 and { } kernelTcp)
            RefuseV1("memory.kernelTCP", Text(kernelTcp), "memory", "memory.limit covers socket buffers too; " + NoCounterpart);
        if (memory.Swappiness is { } swappiness)
            RefuseV1("memory.swappiness", Text(swappiness), "memory", "limit swap with memory.swap, or remove it");
        if (memory.DisableOomKiller == true)
            RefuseV1("memory.disableOOMKiller", "true", "memory", "use unified[\"memory.high\"] to throttle instead of kill, or remove it");
    }

    // The config counts memory and swap together, memory.swap.max swap alone. Absent and 0 are "not asked for", but
    // without a limit on memory there is nothing to swap for.
    private void AddSwap(long limit, long swap)
    {
        const string field = "memory.swap";
        if (limit == -1 && swap == 0)
            swap = -1;
        if (swap == 0)
            return;
        string given = Text(swap);
        if (swap == -1 || limit == -1)
            AddSwap(BytesText(swap), given);
        else if (limit == 0)
            Refuse(field, given, "unable to set swap limit without memory limit", "set memory.limit, or use -1 for unlimited swap");
        else if (swap < limit)
            Refuse(field, given, "memory+swap limit should be >= memory limit", $"it counts both together: use {limit} or more");
        else
            AddSwap(Text(swap - limit), given);
    }

    // Without swap accounting there is no swap to be used beyond these.
    private void AddSwap(string text, string value) =>
        _all.Add(new CgroupSetting(Prefix + "memory.swap", value, "memory.swap.max", text) { IsOptional = text is Unlimited or "0" });

    private long Bytes(string field, long? value)
    {
        if (value is < -1)
            Refuse(field, Text(value.Value), "not a number of bytes", "use -1 for unlimited");
        return value is null or < -1 ? 0 : value.Value;
    }

    private static string BytesText(long value) => value == -1 ? Unlimited : Text(value);
}
