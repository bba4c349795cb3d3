using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    private void Hooks()
    {
        if (_config.Hooks is not { } hooks)
            return;
        Hooks("prestart", hooks.Prestart);
        Hooks("createRuntime", hooks.CreateRuntime);
        Hooks("createContainer", hooks.CreateContainer);
        Hooks("startContainer", hooks.StartContainer);
        Hooks("poststart", hooks.Poststart);
        Hooks("poststop", hooks.Poststop);
    }

    private void Hooks(string kind, Hook[]? hooks)
    {
        for (int i = 0; i < hooks?.Length; i++)
        {
            if (!hooks[i].Path.StartsWith("/"u8))
            {
                Add(new Fault(hooks[i].Path.IsNull ? "missing" : "must be an absolute path")
                {
                    Field = $"hooks.{kind}[{i}].path",
                    Value = hooks[i].Path.IsNull ? null : Shown(hooks[i].Path),
                    Hint = "hooks are not searched for in PATH",
                });
            }

            // A century is no limit that somebody waits for, and keeps milliseconds in range.
            if (hooks[i].Timeout is <= 0 or > 3_155_760_000)
            {
                Add(new Fault("must be a number of seconds above 0")
                {
                    Field = $"hooks.{kind}[{i}].timeout",
                    Value = hooks[i].Timeout!.Value.ToString(),
                    Hint = "remove it for no limit",
                });
            }
        }
    }
}
