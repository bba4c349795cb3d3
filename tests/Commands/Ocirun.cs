using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;

namespace OciRun.Tests.Commands;

/// <summary>Runs the built program as a caller does.</summary>
internal static class Ocirun
{
    public static Result Run(params string[] arguments) => Run(null, arguments);

    /// <param name="environment">The whole environment beside what dotnet itself needs; null for this process's own.</param>
    /// <param name="arguments">Command line.</param>
    public static Result Run(IReadOnlyDictionary<string, string>? environment, string[] arguments)
    {
        string[] all = [Path.Combine(AppContext.BaseDirectory, "ocirun.dll"), .. arguments];
        ProcessStartInfo start = new(Environment.ProcessPath!, all)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        if (!Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal))
            start.FileName = "dotnet";
        if (environment is not null)
        {
            start.Environment.Clear();
            foreach ((string name, string value) in environment)
                start.Environment[name] = value;
        }

        // The program leaves without the runtime's shutdown, which would remove its debugger's sockets from /tmp.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Result(process.ExitCode, output, errors.GetAwaiter().GetResult());
    }

    internal sealed record Result(int Status, string Output, string Errors);
}
