using System;
using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    // A confined caller under no_new_privs may only add to its own profile, not change to another: execve would fail.
    private void ApparmorProfile()
    {
        Utf8 profile = _config.Process!.ApparmorProfile;
        if (profile.IsEmpty)
            return;
        bool stack = _config.Process.NoNewPrivileges && _request.ConfinedByAppArmor;
        byte[] text = [.. stack ? "stack "u8 : "exec "u8, .. profile.Span];
        Step step = TextStep(Op.ApparmorProfile, text, $"process.apparmorProfile \"{profile}\"");
        step.Number = text.Length;

        // A name with a namespace or several profiles is read back in another form.
        bool plain = !profile.StartsWith(":"u8) && profile.Span.IndexOf("//&"u8) < 0;
        step.Second = Arena.Text(plain ? profile.Span : ""u8);
        step.Flags = stack ? 1 : 0;
        _plan.Add(step);
    }
}
