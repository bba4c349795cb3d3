using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    private void Process()
    {
        if (_config.Process is not Process process)
        {
            Add(new Fault("process property must not be empty")
            {
                Field = "process",
                Hint = "give at least process.args and process.cwd",
            });
            return;
        }

        User(process.User);
        if (process.Args is not { Length: > 0 })
            Add(new Fault("args must not be empty") { Field = "process.args", Hint = "name the program to run" });
        Environment(process.Env ?? []);
        WorkingDirectory(process.Cwd);
        Rlimits(process.Rlimits ?? []);
        OomScoreAdj(process.OomScoreAdj);
        ApparmorProfile(process.ApparmorProfile);
        SelinuxLabel(process.SelinuxLabel);
        Scheduler(process.Scheduler);
        IoPriority(process.IoPriority);
        ExecCpuAffinity(process.ExecCpuAffinity);
    }

    private void Environment(Utf8[] env)
    {
        for (int i = 0; i < env.Length; i++)
        {
            int equals = env[i].IndexOf((byte)'=');
            if (equals > 0)
                continue;
            Add(new Fault(equals == 0 ? "empty variable name" : "a variable needs the form NAME=value")
            {
                Field = $"process.env[{i}]",
                Value = Shown(env[i]),
            });
        }
    }

    private void WorkingDirectory(Utf8 cwd)
    {
        if (cwd.IsEmpty)
            Add(new Fault("Cwd property must not be empty") { Field = "process.cwd", Hint = "use \"/\"" });
        else if (!cwd.StartsWith("/"u8))
        {
            Add(new Fault("Cwd must be an absolute path")
            {
                Field = "process.cwd",
                Value = Shown(cwd),
                Hint = "start it with /",
            });
        }
    }

    // OOM_SCORE_ADJ_MIN and OOM_SCORE_ADJ_MAX (linux/oom.h).
    private void OomScoreAdj(int? value)
    {
        if (value is < -1000 or > 1000)
        {
            Add(new Fault("out of range")
            {
                Field = "process.oomScoreAdj",
                Value = value.Value.ToString(),
                Hint = "use a number from -1000 to 1000",
            });
        }
    }
}
