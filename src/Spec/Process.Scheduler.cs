namespace OciRun.Spec;

/// <summary>Names of <c>process.scheduler</c> by number (linux/sched.h, sched_setattr(2)).</summary>
internal static class SchedulerNames
{
    public const int Other = 0;
    public const int Fifo = 1;
    public const int RoundRobin = 2;
    public const int Batch = 3;
    public const int Deadline = 6;

    /// <summary>Policies at their numbers. No kernel has SCHED_ISO, whose number is reserved; the specification names it.</summary>
    public static readonly string[] Policies =
        ["SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE"];

    /// <summary>Flags at the numbers of their bits.</summary>
    public static readonly string[] Flags =
    [
        "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN", "SCHED_FLAG_KEEP_POLICY",
        "SCHED_FLAG_KEEP_PARAMS", "SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX",
    ];
}
