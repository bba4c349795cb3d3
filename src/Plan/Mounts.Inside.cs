using System;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    /// <summary>
    /// The path below the root of a source that lies in the rootfs and that an earlier mount of the config covers or is
    /// mounted in: what the container has there is bound, not what the host has. Null for every other source.
    /// </summary>
    /// <param name="source">Absolute path of the source.</param>
    /// <param name="index">Its place among the mounts.</param>
    private Utf8? Inside(Utf8 source, int index)
    {
        ReadOnlySpan<byte> rootfs = _request.Rootfs.Span;
        if (rootfs.IsEmpty || !source.StartsWith(rootfs) || (source.Length > rootfs.Length && source[rootfs.Length] != (byte)'/'))
            return null;
        Utf8 path = Paths.InRoot(source.Slice(rootfs.Length));
        for (int i = 0; i < index; i++)
        {
            Utf8 target = Paths.InRoot(_config.Mounts![i].Destination, _request.Rootfs);
            if (path.Is("."u8) || Paths.IsWithin(path, target.Span) || Paths.IsWithin(target, path.Span))
                return path;
        }

        return null;
    }

    // The child opens it when the mounts before it are there; the parent, which may, maps its ids on request.
    private void BindInside(ref Step step, MountStep* m, Utf8 path, MountOptions options)
    {
        step.Second = Arena.Text(path);
        step.Flags = options.KeepsSourceLink ? Uapi.O_NOFOLLOW : 0;
        step.Number = Slot.None;
        m->Enslave = 0;
        if (options.Ids is null)
            return;
        step.Number = _plan.LateIds.Count;
        _plan.LateIds.Add(options.Ids);
    }
}
