using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

/// <summary>
/// A root file system of layers. The overlay is made in the container's own mount namespace, or by the parent as a
/// detached mount, so the host's mount table never has it and it ends with the last process that holds it.
/// </summary>
internal static unsafe partial class Executor
{
    /// <summary>A step that the parent runs before the clone; 0 or a negative errno.</summary>
    public static long Prepare(ChildContext* c, Step* s) => s->Op switch
    {
        Op.ProbeMountApi => ProbeMountApi(c, s),
        Op.OpenLayer => OpenLayer(c, s),
        Op.MountLayers => MountLayers(c, s),
        _ => -Errno.ENOSYS,
    };

    private static long OpenLayer(ChildContext* c, Step* s)
    {
        unchecked
        {
            long fd = Raw.openat(Uapi.AT_FDCWD, s->Text, Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_CLOEXEC);
            if (fd < 0)
                return Fail(c, SYS.openat, fd);
            c->Slots[s->Slot] = (int)fd;
            return 0;
        }
    }

    private static long MountLayers(ChildContext* c, Step* s)
    {
        unchecked
        {
            LayersStep* l = (LayersStep*)s->Data;
            long root = l->Ephemeral != 0 ? MakeThrowaway(c, l) : 0;
            if (root >= 0)
            {
                if (l->OptionCount == 0)
                    root = BindLayer(c, l);
                else
                    root = c->HasMountApi != 0 ? Overlay(c, l) : LegacyOverlay(c, l);
            }

            for (int i = 0; i < l->LowerCount + 3; i++)
            {
                Close(c->Slots[l->First + i]);
                c->Slots[l->First + i] = -1;
            }

            if (root < 0)
                return root;
            c->Slots[s->Slot] = (int)root;
            return 0;
        }
    }

    // The whole overlay as a detached mount, then attached.
    private static long Overlay(ChildContext* c, LayersStep* l)
    {
        unchecked
        {
            long fs;
            fixed (byte* type = "overlay"u8)
                fs = Raw.fsopen(type, Uapi.FSOPEN_CLOEXEC);
            if (fs < 0)
                return Fail(c, SYS.fsopen, fs);
            c->Syscall = SYS.fsconfig;
            long result = 0;
            for (int i = 0; i < l->OptionCount && result >= 0; i++)
            {
                byte* value = l->Options[(2 * i) + 1];
                uint command = value is null ? Uapi.FSCONFIG_SET_FLAG : Uapi.FSCONFIG_SET_STRING;
                result = Raw.fsconfig((int)fs, command, l->Options[2 * i], value, 0);
            }

            bool listed = false;
            long here = -1;
            if (result >= 0)
                result = AddLayers(c, l, (int)fs);
            if (result == NoAppending)
            {
                if (l->Detached == 0)
                {
                    Raw.close((int)fs);
                    return LegacyOverlay(c, l);
                }

                here = EnterDescriptors();
                listed = here >= 0;
                result = listed ? ListLayers(c, l, (int)fs) : here;
            }

            if (result >= 0)
            {
                c->Extra = 0;
                result = Raw.fsconfig((int)fs, Uapi.FSCONFIG_CMD_CREATE, null, null, 0);
            }

            if (listed)
            {
                Raw.fchdir((int)here);
                Raw.close((int)here);
            }

            if (result >= 0)
            {
                c->Syscall = SYS.fsmount;
                ulong attributes = l->Writable != 0 ? 0 : Uapi.MOUNT_ATTR_RDONLY;
                result = Raw.fsmount((int)fs, Uapi.FSMOUNT_CLOEXEC, attributes);
            }
            else
            {
                ReadMessage(c, (int)fs);
            }

            Raw.close((int)fs);
            return result < 0 ? result : AttachRoot(c, l, (int)result);
        }
    }

    // No error of fsconfig(2): the kernel has no "lowerdir+".
    private const long NoAppending = -Errno.ENOSYS;

    // One directory at a time: as a descriptor (Linux 6.13; with O_PATH 6.15), or as the name of one
    // (6.8), which is short whatever the directory is called: fsconfig(2) takes 255 bytes.
    private static long AddLayers(ChildContext* c, LayersStep* l, int fs)
    {
        unchecked
        {
            fixed (byte* lower = "lowerdir+"u8, upper = "upperdir"u8, work = "workdir"u8)
            {
                int* slots = c->Slots + l->First;
                c->Extra = 1;
                long result = Raw.fsconfig(fs, Uapi.FSCONFIG_SET_FD, lower, null, slots[0]);
                bool named = result is -Errno.EINVAL or -Errno.EBADF;
                if (named)
                    result = AddLayer(fs, lower, slots[0], named: true);
                if (result == -Errno.EINVAL)
                    return NoAppending;
                for (int i = 1; i < l->LowerCount && result >= 0; i++)
                {
                    c->Extra = i + 1;
                    result = AddLayer(fs, lower, slots[i], named);
                }

                if (result >= 0 && l->Writable != 0)
                    result = AddUpper(c, l, fs, named);
                return result;
            }
        }
    }

    private static long AddUpper(ChildContext* c, LayersStep* l, int fs, bool named)
    {
        unchecked
        {
            fixed (byte* upper = "upperdir"u8, work = "workdir"u8)
            {
                int* slots = c->Slots + l->First + l->LowerCount;
                c->Extra = l->Ephemeral != 0 ? 0 : l->LowerCount + 1;
                long result = AddLayer(fs, upper, slots[0], named);
                if (result < 0)
                    return result;
                c->Extra = l->Ephemeral != 0 ? 0 : l->LowerCount + 2;
                return AddLayer(fs, work, slots[1], named);
            }
        }
    }

    private static long AddLayer(int fs, byte* key, int fd, bool named)
    {
        unchecked
        {
            if (!named)
                return Raw.fsconfig(fs, Uapi.FSCONFIG_SET_FD, key, null, fd);
            byte* path = stackalloc byte[32];
            FdPath(path, fd);
            return Raw.fsconfig(fs, Uapi.FSCONFIG_SET_STRING, key, path, 0);
        }
    }

    // All at once in one text of at most 255 bytes, for the parent, whose mount namespace mount(2) would change.
    private static long ListLayers(ChildContext* c, LayersStep* l, int fs)
    {
        unchecked
        {
            byte* text = c->Scratch;
            long length = PutLayers(c, l, text, 0);
            if (length < 0 || length > 255)
                return -Errno.E2BIG;
            c->Extra = 0;
            long result = Configure(fs, "lowerdir"u8, text);
            return result < 0 || l->Writable == 0 ? result : AddUpper(c, l, fs, named: true);
        }
    }

    // Kernels without the mount API or without "lowerdir+": one page of text, in which a layer is the number of its
    // descriptor, looked up from the directory of descriptors.
    private static long LegacyOverlay(ChildContext* c, LayersStep* l)
    {
        unchecked
        {
            byte* data = c->Scratch;
            long length = Put(data, 0, l->Data);
            fixed (byte* lower = "lowerdir="u8, upper = ",upperdir="u8, work = ",workdir="u8, type = "overlay"u8, slash = "/"u8)
            {
                int* slots = c->Slots + l->First;
                length = Put(data, length, lower);
                length = PutLayers(c, l, data, length);
                if (l->Writable != 0)
                {
                    length = Put(data, length, upper);
                    length = PutNumber(data, length, slots[l->LowerCount]);
                    length = Put(data, length, work);
                    length = PutNumber(data, length, slots[l->LowerCount + 1]);
                }

                if (length < 0)
                    return Fail(c, SYS.mount, -Errno.E2BIG);
                long here = EnterDescriptors();
                if (here < 0)
                    return Fail(c, SYS.chdir, here);
                c->Extra = 0;
                byte* target = l->Target is null ? slash : l->Target;
                long result = Raw.mount(type, target, type, l->Writable != 0 ? 0 : Uapi.MS_RDONLY, data);
                Raw.fchdir((int)here);
                Raw.close((int)here);
                return result < 0 ? Fail(c, SYS.mount, result) : OpenMounted(c, l->Target);
            }
        }
    }

    // What was just mounted on the target, or over "/": only ".." crosses mounts at the root directory.
    private static long OpenMounted(ChildContext* c, byte* target)
    {
        unchecked
        {
            fixed (byte* above = "/.."u8)
            {
                long fd = Raw.openat(
                    Uapi.AT_FDCWD, target is null ? above : target, Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_CLOEXEC);
                return fd < 0 ? Fail(c, SYS.openat, fd) : fd;
            }
        }
    }

    // One layer and nothing to write to: a read-only bind of it. The layer is never written to, not even for mount points.
    private static long BindLayer(ChildContext* c, LayersStep* l)
    {
        unchecked
        {
            int layer = c->Slots[l->First];
            long result;
            if (c->HasMountApi != 0)
            {
                byte empty = 0;
                long tree = layer;
                if (l->Mapped != 0)
                    c->Slots[l->First] = -1;
                else
                    tree = OpenTree(c, layer, &empty, (uint)Uapi.AT_EMPTY_PATH);
                if (tree < 0)
                    return tree;
                result = c->HasMountSetattr != 0 || l->Detached != 0 ? SetReadonly(c, (int)tree) : 0;
                if (result >= 0)
                    result = AttachRoot(c, l, (int)tree);
                if (result < 0 || c->HasMountSetattr != 0)
                    return result;
            }
            else
            {
                byte* from = stackalloc byte[32];
                FdPath(from, layer);
                fixed (byte* slash = "/"u8)
                    result = Raw.mount(from, l->Target is null ? slash : l->Target, null, Uapi.MS_BIND, null);
                if (result < 0)
                    return Fail(c, SYS.mount, result);
                result = OpenMounted(c, l->Target);
                if (result < 0)
                    return result;
            }

            // mount(2) changes attached mounts only.
            long readOnly = SetReadonly(c, (int)result);
            return readOnly < 0 ? readOnly : result;
        }
    }

    // Gives the mount's descriptor back.
    private static long AttachRoot(ChildContext* c, LayersStep* l, int mount)
    {
        unchecked
        {
            if (l->Detached != 0)
                return mount;
            long result;
            byte empty = 0;
            if (l->Target is null)
            {
                fixed (byte* slash = "/"u8)
                    result = Raw.move_mount(mount, &empty, Uapi.AT_FDCWD, slash, Uapi.MOVE_MOUNT_F_EMPTY_PATH);
                return result < 0 ? Fail(c, SYS.move_mount, result) : mount;
            }

            long target = Raw.openat(Uapi.AT_FDCWD, l->Target, Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_CLOEXEC);
            if (target < 0)
                return Fail(c, SYS.openat, target);
            result = Attach(mount, (int)target);
            Raw.close((int)target);
            return result < 0 ? Fail(c, SYS.move_mount, result) : mount;
        }
    }

    // The working directory becomes that of the process's descriptors; gives a descriptor to come back with.
    private static long EnterDescriptors()
    {
        unchecked
        {
            fixed (byte* dot = "."u8, descriptors = "/proc/self/fd"u8)
            {
                long here = Raw.openat(Uapi.AT_FDCWD, dot, Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_CLOEXEC);
                long result = here < 0 ? here : Raw.chdir(descriptors);
                if (result >= 0)
                    return here;
                Close((int)here);
                return result;
            }
        }
    }

    private static long PutLayers(ChildContext* c, LayersStep* l, byte* text, long length)
    {
        unchecked
        {
            fixed (byte* colon = ":"u8)
            {
                for (int i = 0; i < l->LowerCount; i++)
                {
                    if (i > 0)
                        length = Put(text, length, colon);
                    length = PutNumber(text, length, c->Slots[l->First + i]);
                }
            }

            return length;
        }
    }

    // The new length, or -1 for good when it does not fit into a page.
    private static long Put(byte* into, long length, byte* text)
    {
        unchecked
        {
            if (length < 0 || !Append(into, length, text))
                return -1;
            while (into[length] != 0)
                length++;
            return length;
        }
    }

    private static long PutNumber(byte* into, long length, int fd)
    {
        unchecked
        {
            byte* path = stackalloc byte[32];
            FdPath(path, fd);
            return Put(into, length, path + 14);
        }
    }
}
