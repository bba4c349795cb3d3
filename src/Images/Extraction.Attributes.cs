using System;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

internal sealed partial class Extraction
{
    // Owner and attributes of an open file or directory, in this order: chown(2) takes capabilities away.
    private void Describe(int fd, TarEntry entry)
    {
        if (_form.OwnsAll)
            Check(Sys.fchown(fd, entry.Uid, entry.Gid), "fchownat");
        foreach (Pair attribute in entry.Attributes)
        {
            if (IsWanted(attribute.Key))
                Settle(Sys.fsetxattr(fd, attribute.Key.Span, attribute.Value.Span), attribute.Key);
        }

        if (!_form.OwnsAll && (entry.Uid | entry.Gid) != 0)
        {
            _losses.Owners++;
            Sys.fsetxattr(fd, "user.rootlesscontainers"u8, RootlessOwner(entry.Uid, entry.Gid));
        }
    }

    // The same for what cannot be opened: links, devices, fifos.
    private void DescribeNode(int path, TarEntry entry)
    {
        if (_form.OwnsAll)
            Check(Sys.fchownat(path, default, entry.Uid, entry.Gid, Uapi.AT_EMPTY_PATH), "fchownat");
        else if ((entry.Uid | entry.Gid) != 0)
            _losses.Owners++;
        byte[] itself = Sys.Bytes($"/proc/self/fd/{path}");
        foreach (Pair attribute in entry.Attributes)
        {
            if (IsWanted(attribute.Key))
                Settle(Sys.setxattr(itself, attribute.Key.Span, attribute.Value.Span), attribute.Key);
        }
    }

    // overlayfs takes its own attributes for orders, and an image must not give it any. Labels and NFS lists belong to
    // the machine the image was made on.
    private static bool IsWanted(Utf8 name) =>
        !name.StartsWith("trusted.overlay."u8) && !name.StartsWith("user.overlay."u8)
        && !name.Is("security.selinux"u8) && !name.Is("system.nfs4_acl"u8);

    private void Settle(int result, Utf8 name)
    {
        if (result is -Errno.EOPNOTSUPP or -Errno.EPERM)
            _losses.Attribute(name.ToString());
        else if (result < 0)
            throw new FaultException(new Fault($"cannot set the extended attribute {name}") { Syscall = "setxattr", Errno = -result });
    }

    // message Resource { uint32 uid = 1; uint32 gid = 2; } of rootlesscontaine.rs, in protocol buffers' form.
    internal static byte[] RootlessOwner(uint uid, uint gid)
    {
        byte[] message = new byte[12];
        int length = 0;
        foreach ((byte key, uint id) in (ReadOnlySpan<(byte, uint)>)[(0x08, uid), (0x10, gid)])
        {
            if (id == 0)
                continue;
            message[length++] = key;
            for (uint rest = id; ; rest >>= 7)
            {
                message[length++] = (byte)((rest & 0x7f) | (rest > 0x7f ? 0x80u : 0));
                if (rest <= 0x7f)
                    break;
            }
        }

        return message.AsSpan(0, length).ToArray();
    }
}
