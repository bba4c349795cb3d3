using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

/// <summary>
/// Fields of the specification that this version does not apply: refused, because a container that silently lacks
/// them is less confined than its config says (runtime.md, "Errors"). One line or method per field, and nowhere else.
/// </summary>
internal ref partial struct Rules
{
    private void NotApplied()
    {
        if (_config.Linux is Linux linux)
        {
            Refuse(linux.MountLabel, "linux.mountLabel");
        }
    }

    private void Refuse(Utf8 value, string field) => Refuse(!value.IsEmpty, field, value);

    /// <summary>Refuses a field; of an object, <paramref name="value"/> is the member that names what is asked for.</summary>
    private void Refuse(bool given, string field, Utf8 value = default)
    {
        if (!given)
            return;
        Refuse(new Fault("this field is not applied by this version")
        {
            Field = field,
            Value = value.IsEmpty ? null : Shown(value),
            Hint = "remove it",
        });
    }

    private void Refuse(Fault fault) => Add(fault with { Code = "unsupported-field" });
}
