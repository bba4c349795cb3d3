using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    // The offsets of a time namespace are fixed once a process is in it (time_namespaces(7)).
    private void TimeOffsets()
    {
        if (_config.Linux?.TimeOffsets is not { } offsets || (offsets.Monotonic is null && offsets.Boottime is null))
            return;
        Nanoseconds("monotonic", offsets.Monotonic);
        Nanoseconds("boottime", offsets.Boottime);
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

    // A negative offset has negative seconds and nanoseconds that count forward.
    private void Nanoseconds(string clock, TimeOffset? offset)
    {
        if (offset?.Nanosecs > 999_999_999)
        {
            Add(new Fault("a second or more")
            {
                Field = $"linux.timeOffsets.{clock}.nanosecs",
                Value = offset.Nanosecs.ToString(),
                Hint = "use a number below 1000000000, and secs for the rest",
            });
        }
    }
}
