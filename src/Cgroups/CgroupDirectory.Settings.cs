using System.Text;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Cgroups;

internal sealed partial class CgroupDirectory
{
    private const int LargestValue = 64 << 10;

    /// <summary>Writes every setting to the cgroup.</summary>
    /// <exception cref="FaultException">
    /// A file is missing, or the kernel refuses a value; those before it are written.
    /// </exception>
    public void Apply(CgroupSettings settings) => Write(settings, undo: null);

    /// <summary>Writes every setting, or none: what was in force before is written back when one fails.</summary>
    /// <returns>What puts the old values back, for a caller in whose hands something else fails.</returns>
    /// <exception cref="FaultException">As of <see cref="Apply"/>, or memory in use exceeds the new limit.</exception>
    public CgroupRestoration Replace(CgroupSettings settings)
    {
        CgroupRestoration undo = new(this);
        try
        {
            Write(settings, undo);
            return undo;
        }
        catch
        {
            undo.Run();
            throw;
        }
    }

    private void Write(CgroupSettings settings, CgroupRestoration? undo)
    {
        CheckUsage(settings);
        CgroupSetting? again = null;
        foreach (CgroupSetting setting in settings.All)
        {
            int result = Write(setting, undo, out CgroupSetting written);
            if (result == -Errno.EINVAL && setting.DependsOnNext)
            {
                again = setting;
                continue;
            }

            if (result == 0 && again is not null)
            {
                written = again;
                result = Write(again.File, again.Text);
                again = null;
            }

            if (result < 0)
                throw new FaultException(Refusal(written, result));
        }
    }

    private int Write(CgroupSetting setting, CgroupRestoration? undo, out CgroupSetting written)
    {
        written = setting;
        undo?.Remember(setting);
        int result = Write(setting.File, setting.Text);
        if (result != -Errno.ENOENT)
            return result;
        if (setting.Otherwise is { } other)
        {
            result = Write(other, undo, out _);

            // Of two files that are missing, the name of the one that any kernel can have says more.
            written = other;
        }

        return setting.IsOptional && result == -Errno.ENOENT ? 0 : result;
    }

    internal int Write(string file, string text) =>
        Sys.WriteFile(Directory.Number, Sys.Bytes(file), Encoding.UTF8.GetBytes(text));

    /// <summary>Content of one of the cgroup's files; null when it cannot be read.</summary>
    internal string? Read(string file) =>
        Sys.ReadFile(Directory.Number, Sys.Bytes(file), LargestValue, out _) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    // linux.resources.memory.checkBeforeUpdate: the kernel would reclaim, and kill when that is not enough.
    private void CheckUsage(CgroupSettings settings)
    {
        if (settings.MemoryToCheck == 0 && settings.SwapToCheck == 0)
            return;
        long usage = CgroupValue.Number(Read("memory.current"));
        if (settings.SwapToCheck > 0 && settings.SwapToCheck <= usage + CgroupValue.Number(Read("memory.swap.current")))
            throw InUse("memory.swap", settings.SwapToCheck, "rejecting memory+swap limit", usage);
        if (settings.MemoryToCheck > 0 && settings.MemoryToCheck <= usage)
            throw InUse("memory.limit", settings.MemoryToCheck, "rejecting memory limit", usage);
    }

    private static FaultException InUse(string field, long limit, string message, long usage) =>
        new(new Fault($"{message} {limit} <= usage {usage}")
        {
            Field = "linux.resources." + field,
            Value = CgroupValue.Text(limit),
            Hint = "use more than is in use, or set memory.checkBeforeUpdate to false to have memory reclaimed",
        });

    private Fault Refusal(CgroupSetting setting, int result)
    {
        if (result == -Errno.ENOENT)
            return CgroupController.Missing(setting, Path);
        return new Fault($"cannot write \"{setting.Text}\" to {Path}/{setting.File}")
        {
            Field = setting.Field,
            Value = setting.Value,
            Syscall = "write",
            Errno = -result,
            Hint = CgroupController.Advice(setting, result),
        };
    }
}
