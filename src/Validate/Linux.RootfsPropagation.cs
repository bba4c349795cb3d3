using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    private void RootfsPropagation()
    {
        Utf8 value = _config.Linux?.RootfsPropagation ?? default;
        if (value.IsEmpty)
            return;

        // The r forms apply to the mounts below as well.
        Utf8 word = value.StartsWith("r"u8) ? value.Slice(1) : value;
        if (word.Is("private"u8) || word.Is("slave"u8) || word.Is("unbindable"u8) || word.Is("shared"u8))
            return;
        Add(new Fault("unknown propagation")
        {
            Field = "linux.rootfsPropagation",
            Value = Shown(value),
            Hint = "use one of private, rprivate, slave, rslave, shared, rshared, unbindable, runbindable",
        });
    }
}
