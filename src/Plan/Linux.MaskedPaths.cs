using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    private void MaskedPaths()
    {
        Utf8[] paths = _linux.MaskedPaths ?? [];
        if (paths.Length == 0)
            return;
        NeedMountNamespace("linux.maskedPaths");
        MountStep* mask = Mask();
        for (int i = 0; i < paths.Length; i++)
        {
            // A mask over a mask hides nothing more and costs a mount.
            if (paths.AsSpan(0, i).Contains(paths[i]))
                continue;
            Step step = PathStep(Op.MaskPath, paths[i], $"linux.maskedPaths[{i}]");
            step.Data = mask;
            _plan.Add(step);
        }
    }

    // An empty tmpfs that nobody writes to; more than one inode because Ubuntu's Linux 5.4 wants two.
    private MountStep* Mask()
    {
        MountStep* mask = Arena.Make<MountStep>();
        *mask = new MountStep
        {
            Type = Arena.Text("tmpfs"u8),
            Source = Arena.Text("tmpfs"u8),
            Flags = Uapi.MS_RDONLY | Uapi.MS_NOSUID | Uapi.MS_NODEV | Uapi.MS_NOEXEC,
            AttributesSet = Uapi.MOUNT_ATTR_RDONLY | Uapi.MOUNT_ATTR_NOSUID | Uapi.MOUNT_ATTR_NODEV | Uapi.MOUNT_ATTR_NOEXEC,
            Parameters = (byte**)Arena.Allocate(48),
            ParameterCount = 2,
        };
        mask->Parameters[0] = Arena.Text("nr_blocks"u8);
        mask->Parameters[1] = Arena.Text("1"u8);
        mask->Parameters[2] = Arena.Text("nr_inodes"u8);
        mask->Parameters[3] = Arena.Text("2"u8);
        List<byte> data = [.. "nr_blocks=1,nr_inodes=2"u8];
        Label(mask, "tmpfs", [], data);
        mask->Data = Arena.Text(CollectionsMarshal.AsSpan(data));
        return mask;
    }

    private Step PathStep(Op op, Utf8 path, string field)
    {
        if (!path.StartsWith("/"u8))
            throw new FaultException(new Fault("must be an absolute path") { Field = field, Value = path.ToString() });
        return TextStep(op, Paths.InRoot(path).Span, $"{field} \"{path}\"");
    }

    private void NeedMountNamespace(string field)
    {
        if (HasMountNamespace)
            return;
        throw new FaultException(new Fault("unable to restrict paths without a private mount namespace")
        {
            Field = field,
            Hint = "add {\"type\": \"mount\"} to linux.namespaces, or remove the paths",
        });
    }
}
