using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

/// <summary>
/// Fields of the specification that this version does not apply: refused, because a container that silently lacks
/// them is less confined than its config says (runtime.md, "Errors"). One line or method per field, and nowhere else.
/// </summary>
internal ref partial struct Rules
{
    private const string KnownPropagation = "use one of private, rprivate, slave, rslave, unbindable, runbindable";

    private void NotApplied()
    {
        if (_config.Linux is Linux linux)
            RefuseSharing(linux.RootfsPropagation);
    }

    private void RefuseSharing(Utf8 propagation)
    {
        if (propagation.Is("shared"u8) || propagation.Is("rshared"u8))
        {
            Refuse(new Fault("sharing mounts with the host is not applied by this version")
            {
                Field = "linux.rootfsPropagation",
                Value = propagation.ToString(),
                Hint = KnownPropagation,
            });
        }
    }

    private void Refuse(Fault fault) => Add(fault with { Code = "unsupported-field" });
}
