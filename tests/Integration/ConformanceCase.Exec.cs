using System.Collections.Generic;
using System.IO;
using System.Text.Json.Nodes;

namespace OciRun.Tests.Integration;

internal sealed partial class ConformanceCase
{
    private string? processFile;

    /// <summary>The command line of an <c>exec</c> case.</summary>
    public string[] ExecWords(string id)
    {
        List<string> words = new() { "exec" };
        words.AddRange(Options);
        if (processFile is not null)
            words.AddRange(new[] { "--process", processFile });
        words.Add(id);
        words.AddRange(Strings(json["command"]));
        if (Text("shell") is { } shell)
            words.AddRange(new[] { "/bin/sh", "-c", shell });
        return words.ToArray();
    }

    private void ApplyExec(Bundle bundle)
    {
        bundle.Args("sleep", "1000");
        if (json["process"] is not JsonObject process)
            return;
        processFile = Path.Combine(bundle.Path, "process.json");
        File.WriteAllText(processFile, process.ToJsonString());
    }
}
