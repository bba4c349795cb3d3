using System.IO;

namespace OciRun.Tests.Integration;

/// <summary>The launcher of nosys.c: a runtime for which some system calls do not exist.</summary>
internal static class Nosys
{
    /// <summary>Puts the launcher into a directory and gives its path.</summary>
    public static string Install(string directory) => CompiledProgram.Install("nosys", Path.Combine(directory, "nosys"));
}
