using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;
using OciRun.Validate;

namespace OciRun.Launch;

internal sealed partial class Creation
{
    // The groups of resctrl as they are now.
    private void ForeseeResctrl(Findings findings)
    {
        try
        {
            CheckResctrl();
        }
        catch (FaultException failure)
        {
            findings.Add(Severity.Error, failure.Fault);
        }
    }

    // The interfaces that exist now; what is in the container's namespace only create can see.
    private void ForeseeNetDevices(Findings findings)
    {
        if (_config.Linux?.NetDevices is not { Length: > 0 } devices)
            return;
        using RtNetlink link = new(new Fd(RtNetlink.Socket()));
        foreach (NetDevice device in devices)
        {
            int result = link.Find(device.HostName.Span, out _);
            if (result == -Errno.ENODEV)
                findings.Add(Severity.Error, NetworkDevices.Missing(device, result, link).Fault);
        }
    }
}
