namespace OciRun.Tests.Integration;

/// <summary>The program of probe.c, which looks at a container from inside.</summary>
internal static class Probe
{
    /// <summary>Puts the program into the rootfs as /bin/probe.</summary>
    public static void Install(Bundle bundle) => CompiledProgram.Install("probe", bundle.InRootfs("/bin/probe"));
}
