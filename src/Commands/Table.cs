namespace OciRun.Commands;

/// <summary>All verbs. A lookup builds only the verb asked for: building all costs as much as running one.</summary>
internal static class Table
{
    public const string Program = "ocirun";

    /// <summary>Names in the order of the help page; <see cref="Find"/> knows each.</summary>
    public static string[] Names =>
    [
        "create", "start", "run", "exec", "state", "update", "kill", "delete", "pause", "resume", "checkpoint", "restore", "mounts", "list", "ps",
        "events", "top", "spec", "unpack", "plan", "validate", "doctor", "features", "completion", "help", "docs",
    ];

    /// <summary>The verb of that name, or null.</summary>
    public static Verb? Find(string name) => name switch
    {
        "create" => Create.Describe(),
        "start" => Start.Describe(),
        "run" => Run.Describe(),
        "exec" => Exec.Describe(),
        "state" => State.Describe(),
        "update" => Update.Describe(),
        "kill" => Kill.Describe(),
        "delete" => Delete.Describe(),
        "list" => List.Describe(),
        "ps" => Ps.Describe(),
        "pause" => Pause.Describe(),
        "resume" => Resume.Describe(),
        "checkpoint" => Checkpoint.Describe(),
        "restore" => Restore.Describe(),
        "mounts" => Mounts.Describe(),
        "events" => Events.Describe(),
        "top" => Top.Describe(),
        "plan" => Plan.Describe(),
        "validate" => Validate.Describe(),
        "doctor" => Doctor.Describe(),
        "spec" => Spec.Describe(),
        "unpack" => Unpack.Describe(),
        "features" => Features.Describe(),
        "completion" => Completion.Describe(),
        "help" or "h" => Help.Describe(),
        "docs" => Docs.Describe(),
        _ => null,
    };
}
