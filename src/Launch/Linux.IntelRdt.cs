using OciRun.Cgroups;

namespace OciRun.Launch;

internal sealed partial class Creation
{
    private ResctrlTree? _resctrlTree;
    private ResctrlGroup? _resctrl;

    // The record says before there is anything what a killed creation may leave.
    private void CheckResctrl()
    {
        if (_config.Linux?.IntelRdt is not { } rdt)
            return;
        _resctrlTree = ResctrlTree.Find();
        bool make = ResctrlGroup.Check(_resctrlTree, rdt, _options.Id);
        _record = _record with
        {
            ResctrlGroup = ResctrlGroup.NameOf(rdt, _options.Id),
            ResctrlOwned = make,
            ResctrlMonitored = rdt.EnableMonitoring,
        };
    }

    private void MakeResctrl()
    {
        if (_config.Linux?.IntelRdt is { } rdt)
            _resctrl = ResctrlGroup.Create(_resctrlTree!, rdt, _options.Id);
    }

    // By its final pid, before its program runs. A group that the config names stays from here on.
    private void EnterResctrl()
    {
        if (_config.Linux?.IntelRdt is not { } rdt)
            return;
        _resctrl!.Enter(_pid);
        _record = _record with { ResctrlOwned = rdt.ClosId.IsEmpty };
    }
}
