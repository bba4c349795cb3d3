using OciRun.Errors;
using OciRun.Kernel;
using OciRun.State;

namespace OciRun.Launch;

/// <summary>
/// The mount of a rootfs onto itself in the runtime's own mount namespace, for containers that have none: all their
/// mounts are on it and go with it, so that nothing of a container outlives its <c>delete</c>.
/// </summary>
internal static unsafe class RootfsMount
{
    /// <summary>A clone of the tree at the rootfs, not attached yet, that has no peers.</summary>
    /// <exception cref="FaultException">The kernel is older than 5.12, or the caller may not mount.</exception>
    public static Fd Clone(string rootfs)
    {
        Fd tree = new(Sys.open_tree(Uapi.AT_FDCWD, Sys.Bytes(rootfs), Uapi.OPEN_TREE_CLONE | (uint)Uapi.AT_RECURSIVE));
        if (tree.Number >= 0)
        {
            MakePrivate(tree, rootfs);
            return tree;
        }

        throw Refused(rootfs, "open_tree", tree.Number);
    }

    /// <summary>Attaches the clone; what is mounted on it from now on reaches no other mount.</summary>
    public static void Attach(Fd tree, string rootfs)
    {
        using Fd target = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(rootfs), Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW));
        int result = target.Number < 0 ? target.Number : Sys.move_mount(tree.Number, target.Number);
        if (result < 0)
            throw Refused(rootfs, target.Number < 0 ? "openat" : "move_mount", result);

        // A mount that goes on a shared one becomes shared.
        MakePrivate(tree, rootfs);
    }

    /// <summary>Takes the mount away with all that is on it; another mount at that place stays.</summary>
    /// <exception cref="FaultException">The caller may not unmount it.</exception>
    public static void Remove(ContainerRecord record)
    {
        if (record.RootfsMount == 0)
            return;
        using Fd root = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(record.Rootfs), Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW));
        if (root.Number < 0 || Sys.MountId(root.Number) != record.RootfsMount)
            return;
        int result = Sys.umount2(root.Number, Uapi.MNT_DETACH);
        if (result >= 0)
            return;
        throw new FaultException(new Fault("cannot unmount the root file system")
        {
            Field = "root.path",
            Value = record.Rootfs,
            Syscall = "umount2",
            Errno = -result,
            Hint = "delete the container as the user who created it",
        });
    }

    private static void MakePrivate(Fd tree, string rootfs)
    {
        mount_attr attributes = new() { propagation = Uapi.MS_PRIVATE };
        int result = Sys.mount_setattr(tree.Number, (uint)Uapi.AT_RECURSIVE, &attributes);
        if (result < 0)
            throw Refused(rootfs, "mount_setattr", result);
    }

    private static FaultException Refused(string rootfs, string call, int result) =>
        new(new Fault("cannot mount the root file system onto itself")
        {
            Field = "root.path",
            Value = rootfs,
            Syscall = call,
            Errno = -result,
            Hint = "add {\"type\": \"mount\"} to linux.namespaces, so that the mounts are the container's own"
                + (result == -Errno.ENOSYS ? " (without one they need Linux 5.12)" : null),
        });
}
