using OciRun.Errors;
using OciRun.Host;
using OciRun.Spec;

namespace OciRun.Validate;

internal readonly partial struct HostRules
{
    private void Mounts()
    {
        Mount[] mounts = _config.Mounts ?? [];
        for (int i = 0; i < mounts.Length; i++)
        {
            string field = $"mounts[{i}]";
            if (Has(mounts[i], "remount"u8))
                continue;
            if (IsBind(mounts[i]))
                Source(mounts[i], field);
            else if (!mounts[i].Type.Is("cgroup"u8) && !Machine.HasFilesystem(mounts[i].Type.Span))
                Type(mounts[i], field);
        }
    }

    private void Source(Mount mount, string field)
    {
        HostFile source = Machine.At(
            BelowBundle(mount.Source), follow: !Has(mount, "src-nofollow"u8) && !Has(mount, "copy-symlink"u8));
        if (source.Errno == 0)
            return;
        Fault fault = new($"source \"{new Utf8(BelowBundle(mount.Source).ToArray())}\"")
        {
            Field = field,
            Syscall = "open_tree",
            Errno = source.Errno,
            Hint = source.IsMissing ? "create it before the container" : null,
        };

        // A hook may still make it.
        if (_config.Hooks is { } hooks && (hooks.Prestart is { Length: > 0 } || hooks.CreateRuntime is { Length: > 0 }))
            Warning(fault);
        else
            Error(fault);
    }

    private void Type(Mount mount, string field)
    {
        Fault fault = new($"cannot mount {mount.Type}")
        {
            Field = $"{field} \"{mount.Destination}\"",
            Syscall = "fsopen",
            Errno = Kernel.Errno.ENODEV,
            Hint = "the kernel has no such file system (for a bind mount, add the option \"bind\")",
        };
        if (Machine.LoadsModules)
            Warning(fault with { Hint = "the kernel has no such file system now; it may load a module for it" });
        else
            Error(fault);
    }

    private static bool IsBind(Mount mount) => Has(mount, "bind"u8) || Has(mount, "rbind"u8);

    private static bool Has(Mount mount, System.ReadOnlySpan<byte> word)
    {
        foreach (Utf8 option in mount.Options ?? [])
        {
            if (option.Is(word))
                return true;
        }

        return false;
    }
}
