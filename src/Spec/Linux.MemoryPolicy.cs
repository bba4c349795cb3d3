namespace OciRun.Spec;

/// <summary>Names of <c>linux.memoryPolicy</c> (linux/mempolicy.h, set_mempolicy(2)).</summary>
internal static class MemoryPolicyNames
{
    public const int Default = 0;
    public const int Preferred = 1;
    public const int Bind = 2;
    public const int Local = 4;
    public const int PreferredMany = 5;

    /// <summary>Modes at their numbers; MPOL_PREFERRED_MANY is of Linux 5.15, MPOL_WEIGHTED_INTERLEAVE of 6.9.</summary>
    public static readonly string[] Modes =
    [
        "MPOL_DEFAULT", "MPOL_PREFERRED", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_LOCAL", "MPOL_PREFERRED_MANY",
        "MPOL_WEIGHTED_INTERLEAVE",
    ];

    /// <summary>Flags, the first of which is bit <see cref="FirstFlag"/> of the mode; balancing is of Linux 5.12.</summary>
    public static readonly string[] Flags = ["MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"];

    public const int FirstFlag = 13;
    public const int NumaBalancing = 1 << 13;
    public const int RelativeNodes = 1 << 14;
    public const int StaticNodes = 1 << 15;
}
