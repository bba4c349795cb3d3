using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;
using OciRun.Validate;

namespace OciRun.Launch;

internal sealed partial class Creation
{
    // What stands at a mount point, as far as no mount before it can change that.
    private void CheckTargets(Fd root, Findings findings)
    {
        Mount[] mounts = _config.Mounts ?? [];
        for (int i = 0; i < mounts.Length; i++)
        {
            Utf8 target = Paths.InRoot(mounts[i].Destination);
            string field = $"mounts[{i}] \"{mounts[i].Destination}\"";
            MountOptions options = MountOptions.Parse(mounts[i].Options);
            bool bind = options.IsBind;
            if (options.IsRemount || options.KeepsSourceLink || options.KeepsTargetLink)
                continue;
            if (bind && target.Is("proc"u8))
                CheckProc(mounts[i], field, findings);
            else if (IsCovered(mounts, i, target))
                continue;
            else if (bind)
                CheckBind(root, mounts[i], target, field, findings);
            else if ((target.Is("proc"u8) && mounts[i].Type.Is("proc"u8)) || (target.Is("sys"u8) && mounts[i].Type.Is("sysfs"u8)))
                CheckPlain(root, mounts[i], target, field, findings);
        }
    }

    private static bool IsCovered(Mount[] mounts, int index, Utf8 target)
    {
        for (int i = 0; i < index; i++)
        {
            Utf8 other = Paths.InRoot(mounts[i].Destination);
            if (other.Is("."u8) || Paths.IsWithin(target, other.Span))
                return true;
        }

        return false;
    }

    private static void CheckPlain(Fd root, Mount mount, Utf8 target, string field, Findings findings)
    {
        using Fd link = new(Sys.openat(root.Number, target.Span, Uapi.O_PATH | Uapi.O_NOFOLLOW));
        if (link.Number < 0 || Sys.fstat(link.Number, out stat st) < 0 || (st.st_mode & Uapi.S_IFMT) != Uapi.S_IFLNK)
            return;
        findings.Add(Severity.Error, new Fault($"{mount.Type} must be mounted on ordinary directory")
        {
            Field = field,
            Syscall = "openat2",
            Errno = Errno.ELOOP,
        });
    }

    private void CheckProc(Mount mount, string field, Findings findings)
    {
        if (Sys.statfs(Paths.Below(_options.Bundle, mount.Source).Span, out statfs fs) < 0 || fs.f_type == Uapi.PROC_SUPER_MAGIC)
            return;
        findings.Add(Severity.Error, new Fault("cannot be mounted because it is inside /proc: the source is not a proc file system")
        {
            Field = field,
            Syscall = "fstatfs",
            Errno = Errno.ENODEV,
        });
    }

    private void CheckBind(Fd root, Mount mount, Utf8 target, string field, Findings findings)
    {
        using Fd source = new(Sys.openat(Uapi.AT_FDCWD, Paths.Below(_options.Bundle, mount.Source).Span, Uapi.O_PATH));
        if (source.Number < 0 || Sys.fstat(source.Number, out stat from) < 0)
            return;
        if (Stat(root, target, out uint mode) != 0 || IsDirectory(mode) == IsDirectory(from.st_mode))
            return;
        findings.Add(Severity.Error, new Fault("cannot bind it")
        {
            Field = field,
            Syscall = "move_mount",
            Errno = Errno.ENOTDIR,
            Hint = "source and destination must both be directories or both be files",
        });
    }

    private static bool IsDirectory(uint mode) => (mode & Uapi.S_IFMT) == Uapi.S_IFDIR;
}
