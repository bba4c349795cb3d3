namespace OciRun.Spec;

/// <summary>Names of <c>process.ioPriority</c> (linux/ioprio.h, ioprio_set(2)).</summary>
internal static class IoPriorityNames
{
    /// <summary>Classes, the first of which has the number <see cref="FirstClass"/>.</summary>
    public static readonly string[] Classes = ["IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"];

    public const int FirstClass = 1;

    /// <summary>Where the class is in the number that the kernel takes (IOPRIO_CLASS_SHIFT).</summary>
    public const int ClassShift = 13;
}
