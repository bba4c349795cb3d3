using OciRun.Spec;

namespace OciRun.Launch;

internal sealed unsafe partial class Creation
{
    /// <summary>Hands the filter's listener over; the agent has it before the container exists for others.</summary>
    public void HandOverListener()
    {
        if (!HasListener)
            return;
        HandOverListener(_options.Bundle, new StateDocument(
            SpecVersion.Current,
            _options.Id,
            _pid,
            "creating",
            _options.Bundle,
            _record.Rootfs,
            _record.Created,
            _config.Annotations,
            default));
    }
}
