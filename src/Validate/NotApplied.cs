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
        RefuseMappedMounts(_config.Mounts ?? []);
        if (_config.Hooks is Hooks hooks)
        {
            Refuse(hooks.Prestart, "hooks.prestart");
            Refuse(hooks.CreateRuntime, "hooks.createRuntime");
            Refuse(hooks.CreateContainer, "hooks.createContainer");
            Refuse(hooks.StartContainer, "hooks.startContainer");
            Refuse(hooks.Poststart, "hooks.poststart");
            Refuse(hooks.Poststop, "hooks.poststop");
        }

        if (_config.Linux is Linux linux)
        {
            RefuseSharing(linux.RootfsPropagation);
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

    private void Refuse(Hook[]? hooks, string field)
    {
        if (hooks is { Length: > 0 })
        {
            Refuse(new Fault("hooks are not applied by this version")
            {
                Field = $"{field}[0].path",
                Value = Shown(hooks[0].Path),
                Hint = "remove them",
            });
        }
    }

    private void RefuseMappedMounts(Mount[] mounts)
    {
        for (int i = 0; i < mounts.Length; i++)
        {
            bool uids = mounts[i].UidMappings is { Length: > 0 };
            if (!uids && mounts[i].GidMappings is not { Length: > 0 })
                continue;
            Refuse(new Fault("id-mapped mounts are not applied by this version")
            {
                Field = $"mounts[{i}].{(uids ? "uidMappings" : "gidMappings")}",
                Hint = "remove uidMappings and gidMappings from the mount",
            });
        }
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
