using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    // An unconfined process in place of a confined one would be a silent loss; callers match on the text.
    private void ApparmorProfile(Utf8 profile)
    {
        if (profile.IsEmpty || _facts.AppArmor)
            return;
        Add(new Fault("apparmor: config provided but apparmor not supported")
        {
            Field = "process.apparmorProfile",
            Value = Shown(profile),
            Hint = "remove it, or boot with AppArmor (lsm=...,apparmor)",
        });
    }
}
