using OciRun.Child;
using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Launch;

internal static unsafe partial class Failure
{
    // The directory that was refused, where it was one; else the field of all layers.
    private static int LayerField(in Step step, in Report report)
    {
        bool one = report.Syscall == SYS.fsconfig && report.Extra > 0;
        return one ? ((LayersStep*)step.Data)->FirstField + (int)report.Extra - 1 : step.Field;
    }

    private static string Layers(in Step step, in Report report)
    {
        LayersStep* l = (LayersStep*)step.Data;
        return report.Errno switch
        {
            Errno.ENODEV => "the kernel has no overlay file system",
            Errno.EBUSY when l->Writable != 0 => "the upper or work directory is in use by another overlay",
            Errno.ESTALE when l->Writable != 0 => "the upper directory was made over other layers",
            Errno.E2BIG => $"{l->LowerCount} layers are too many for this kernel",
            _ when report.Syscall == SYS.fsconfig && report.Extra > 0 => "the overlay does not accept the directory",
            _ when l->OptionCount == 0 => "cannot use the layer as root file system",
            _ => "cannot mount the layers",
        };
    }

    private static string? LayersHint(in Step step, in Report report)
    {
        LayersStep* l = (LayersStep*)step.Data;
        return report.Errno switch
        {
            Errno.ENODEV => "load the module (modprobe overlay)",
            Errno.EBUSY => "one container at a time can have it",
            Errno.ESTALE => "give the layers that it was made over, or empty upper and work directories",
            Errno.E2BIG => "join some layers, or use Linux 6.8",
            Errno.ELOOP => "layers, upper and work must not contain one another",
            Errno.ENOSYS => "layers under a user namespace need the mount API of Linux 5.2",
            Errno.EINVAL when l->Mapped != 0 => "id-mapped layers need Linux 6.15 and file systems whose ids can be mapped; the kernel's log says more",
            Errno.EINVAL when l->Detached != 0 && l->Ephemeral != 0 => "a throw-away upper under a user namespace needs Linux 6.15; give an upper directory",
            Errno.EINVAL when l->Writable != 0 => "upper and work must be on the same mount, of a file system that overlay can write to; the kernel's log says more",
            Errno.EINVAL => "the kernel's log says more",
            Errno.EPERM => "in a user namespace overlay needs Linux 5.11",
            _ => null,
        };
    }
}
