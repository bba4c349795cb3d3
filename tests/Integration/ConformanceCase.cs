using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;

namespace OciRun.Tests.Integration;

/// <summary>One file of <c>conformance/</c>; its keys are described in conformance/README.md.</summary>
internal sealed partial class ConformanceCase
{
    private static readonly string Folder = Path.Combine(Runtime.RepositoryRoot(), "conformance");

    private readonly JsonObject json;

    private ConformanceCase(JsonObject json) => this.json = json;

    public string About => Text("about") ?? "";

    public string Verb => Text("verb") ?? "run";

    public string[] Options => Strings(json["options"]);

    public string Before => Text("before") ?? "";

    public string Redirect => Text("redirect") ?? "";

    public JsonObject Expect => (JsonObject)json["expect"]!;

    /// <summary>
    /// Every case with this requirement, empty for none, with every view it asks for that this tier has. The virtual
    /// machine adds the views and the requirements that hold only there and leaves the others to the machine outside.
    /// </summary>
    public static IEnumerable<object[]> All(string requirement)
    {
        foreach (string file in Directory.EnumerateFiles(Folder, "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            string name = Path.GetRelativePath(Folder, file)[..^".json".Length];
            JsonObject content = (JsonObject)JsonNode.Parse(File.ReadAllText(file))!;
            if (((string?)content["requires"] ?? "") != requirement)
                continue;
            string[] views = content.ContainsKey("views") ? Strings(content["views"]) : new[] { "native" };
            foreach (string view in views)
            {
                View parsed = Enum.Parse<View>(view, ignoreCase: true);
                bool inMachine = parsed is View.Cgroupfs or View.Systemd || requirement == "AppArmor" || content.ContainsKey("controllers");
                if (inMachine == Tier.IsVm || (requirement == "AppArmor" && parsed is not (View.Cgroupfs or View.Systemd)))
                    yield return new object[] { name, parsed };
            }
        }
    }

    /// <summary>Reads a case for a bundle at the given place and a container with this id.</summary>
    public static ConformanceCase Load(string name, string bundle, string id)
    {
        string text = File.ReadAllText(Path.Combine(Folder, name + ".json"))
            .Replace("{bundle}", bundle, StringComparison.Ordinal).Replace("{id}", id, StringComparison.Ordinal);
        return new ConformanceCase((JsonObject)JsonNode.Parse(text)!);
    }

    /// <summary>cgroup v2 controllers that the case needs.</summary>
    public string[] Controllers => Strings(json["controllers"]);

    public static string[] Strings(JsonNode? node) =>
        node is JsonArray array ? array.Select(item => (string)item!).ToArray() : Array.Empty<string>();

    /// <summary>Makes the bundle what the case says.</summary>
    public void Apply(Bundle bundle)
    {
        foreach (string type in Strings(json["removeNamespaces"]))
            bundle.NoNamespace(type);
        if (json["config"] is JsonObject config)
            bundle.Merge(config);
        if (json["append"] is JsonObject append)
        {
            foreach ((string path, JsonNode? items) in append)
            {
                JsonNode target = path.Split('.').Aggregate((JsonNode)bundle.Config, (node, key) => node[key]!);
                foreach (JsonNode? item in (JsonArray)items!)
                    ((JsonArray)target).Add(item!.DeepClone());
            }
        }

        if (Verb == "exec")
            ApplyExec(bundle);
        else if (Text("shell") is { } shell)
            bundle.Shell(shell);
        if (json["probe"] is not null)
            Probe.Install(bundle);
        MakeFiles(bundle.Rootfs, json["rootfs"]);
        MakeFiles(bundle.Path, json["bundle"]);
    }

    private static void MakeFiles(string root, JsonNode? files)
    {
        foreach (JsonNode? file in files as JsonArray ?? new JsonArray())
        {
            string path = Path.Combine(root, ((string)file!["path"]!).TrimStart('/'));
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (file["link"] is { } target)
            {
                if (Directory.Exists(path))
                    Directory.Delete(path);
                File.CreateSymbolicLink(path, (string)target!);
                continue;
            }

            if (file["file"] is { } text)
                File.WriteAllText(path, (string)text!);
            else
                Directory.CreateDirectory(path);
            if (file["mode"] is { } mode)
                File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32((string)mode!, 8));
        }
    }

    private string? Text(string key) => (string?)json[key];
}
