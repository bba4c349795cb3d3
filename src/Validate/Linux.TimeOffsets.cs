using OciRun.Errors;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    // The offsets of a time namespace are fixed once a process is in it (time_namespaces(7)).
    private void TimeOffsets()
    {
        if (_config.Linux?.TimeOffsets is not { } offsets || (offsets.Monotonic is null && offsets.Boottime is null))
            return;
        if (IsJoined(NamespaceSet.Time))
        {
            Add(new Fault("a joined time namespace has its offsets already")
            {
                Field = "linux.timeOffsets",
                Hint = "remove them, or the path of the time namespace",
            });
        }
        else if (!IsNew(NamespaceSet.Time))
        {
            Add(new Fault("offsets need a time namespace")
            {
                Field = "linux.timeOffsets",
                Hint = "add {\"type\": \"time\"} to linux.namespaces",
            });
        }
    }
}
