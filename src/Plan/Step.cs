using System.Runtime.InteropServices;

namespace OciRun.Plan;

/// <summary>
/// One step of the child, blittable: everything it needs is in these few words and in the plan's arena. What the
/// words mean is said at each operation in <c>Child/</c> and shown by <c>ocirun plan</c>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Step
{
    public Op Op;

    /// <summary>Index into <see cref="ContainerPlan.Fields"/>: the config field that asked for this step.</summary>
    public int Field;

    /// <summary>Descriptor slot that the step fills or uses, see <see cref="Slot"/>.</summary>
    public int Slot;

    public int Number;
    public long Flags;
    public long Value;
    public byte* Text;
    public byte* Second;
    public void* Data;
}

/// <summary>Descriptors that steps share; numbers from <see cref="First"/> on belong to mounts.</summary>
internal static class Slot
{
    public const int None = -1;

    /// <summary>Socket to the parent.</summary>
    public const int Sync = 0;

    /// <summary>Listening socket of the start gate (create), -1 for run.</summary>
    public const int Gate = 1;

    /// <summary>Root of the container's file system.</summary>
    public const int Rootfs = 2;

    /// <summary>The host's /dev/null, verified, as a detached mount.</summary>
    public const int Null = 3;

    /// <summary>A procfs that nothing else can mount over.</summary>
    public const int Proc = 4;

    /// <summary>The container's /dev.</summary>
    public const int Dev = 5;

    /// <summary>Empty read-only tmpfs that covers masked directories.</summary>
    public const int Mask = 6;

    /// <summary>The container's cgroup directory, for the bind that replaces a refused cgroup2 mount.</summary>
    public const int Cgroup = 7;

    /// <summary>pidfd of the container's first process, for <c>exec</c>.</summary>
    public const int Init = 8;

    public const int First = 9;
}

/// <summary>A file system or bind mount, referred to by <see cref="Step.Data"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MountStep
{
    /// <summary>Destination inside the rootfs, cleaned, without a leading slash.</summary>
    public byte* Target;

    public byte* Type;
    public byte* Source;

    /// <summary>fsconfig(2) keys and values, alternating; a null value is a flag.</summary>
    public byte** Parameters;
    public int ParameterCount;

    /// <summary>The same options joined by commas, for mount(2).</summary>
    public byte* Data;

    /// <summary>MS_* of mount(2).</summary>
    public ulong Flags;

    /// <summary>How the covered directory's content is copied in; null for not at all.</summary>
    public CopyUpStep* CopyUp;

    /// <summary>Label of SELinux for the root directory, where no option gives it; null for none.</summary>
    public byte* Label;
    public int LabelLength;

    /// <summary>The empty mount in place of a cgroup that cannot be reached; null when that is an error.</summary>
    public MountStep* Mask;

    /// <summary>MOUNT_ATTR_* of the top mount.</summary>
    public ulong AttributesSet;
    public ulong AttributesClear;

    /// <summary>MOUNT_ATTR_* that the config clears explicitly: a locked one among them is an error.</summary>
    public ulong AttributesForbidden;

    /// <summary>MOUNT_ATTR_* of the whole tree (the r* words).</summary>
    public ulong RecursiveSet;
    public ulong RecursiveClear;

    /// <summary>MS_SHARED and so on, in the order given.</summary>
    public ulong* Propagation;
    public int PropagationCount;

    /// <summary>Make the whole tree a slave first: it was cloned from the host's mount namespace.</summary>
    public byte Enslave;

    /// <summary>
    /// The parent cloned it for a user namespace: flags that the kernel would lock there stay as they are, and clearing
    /// one by name is an error (mount_namespaces(7), "Restrictions on mount namespaces").
    /// </summary>
    public byte KeepsLocked;

    /// <summary>The destination must be a directory without symbolic links on the way (/proc, /sys).</summary>
    public byte PlainTarget;

    /// <summary>Use mount(2): an option has no form in the mount API.</summary>
    public byte Legacy;

    /// <summary>The config itself says that the destination is in /proc.</summary>
    public byte InProc;

    /// <summary>The source of a bind must be a procfs: what stands at /proc decides about security.</summary>
    public byte OnlyProc;

    /// <summary>Follow no link as the destination's last component.</summary>
    public byte TargetNofollow;

    /// <summary>Make a source that is a symbolic link anew instead of binding it.</summary>
    public byte CopySymlink;

    /// <summary>The mount becomes the container's root.</summary>
    public byte OverRoot;

    /// <summary>Clone submounts too.</summary>
    public byte Recursive;

    /// <summary>Use the mode of an existing destination directory as the file system's <c>mode=</c>.</summary>
    public byte InheritMode;
}

/// <summary>A device node, referred to by <see cref="Step.Data"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct DeviceStep
{
    /// <summary>Path below <see cref="Step.Slot"/>.</summary>
    public byte* Path;

    /// <summary>Host node that a user namespace binds instead.</summary>
    public byte* HostPath;

    /// <summary>S_IFCHR, S_IFBLK or S_IFIFO with permission bits.</summary>
    public uint Mode;
    public uint Uid;
    public uint Gid;

    /// <summary>The kernel's dev_t encoding for mknodat(2).</summary>
    public ulong Device;
}

/// <summary>Ids and capability sets of the process, referred to by <see cref="Step.Data"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IdentityStep
{
    public uint Uid;
    public uint Gid;
    public uint* Groups;
    public int GroupCount;

    /// <summary>False when setgroups(2) is denied and must not be called.</summary>
    public byte SetGroups;

    /// <summary>True when a joined user namespace may deny setgroups(2), which then only matters if groups are given.</summary>
    public byte MayDenyGroups;

    /// <summary>False when the config has no capabilities: the kernel's own rules decide.</summary>
    public byte SetCapabilities;

    public byte NoNewPrivileges;

    /// <summary>True when the config has capabilities, of which the ambient ones are raised.</summary>
    public byte HasAmbient;

    public ulong Bounding;
    public ulong Effective;
    public ulong Permitted;
    public ulong Inheritable;
    public ulong Ambient;

    /// <summary>Capabilities kept on top until the seccomp filter is loaded.</summary>
    public ulong Temporary;

    public int LastCapability;
}

/// <summary>The program to run, referred to by <see cref="Step.Data"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ExecuteStep
{
    public byte** Argv;
    public byte** Envp;

    /// <summary>Value of PATH in the process environment; null when it has none.</summary>
    public byte* SearchPath;

    /// <summary>Where the path that was found is put, PATH_MAX bytes.</summary>
    public byte* Found;
}
