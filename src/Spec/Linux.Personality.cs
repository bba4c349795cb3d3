namespace OciRun.Spec;

/// <summary>Names of <c>linux.personality</c> (sys/personality.h, personality(2)).</summary>
internal static class PersonalityNames
{
    /// <summary>Execution domains, numbers in <see cref="Numbers"/>.</summary>
    public static readonly string[] Domains = ["LINUX", "LINUX32"];

    /// <summary>PER_LINUX and PER_LINUX32.</summary>
    public static readonly int[] Numbers = [0, 8];
}
