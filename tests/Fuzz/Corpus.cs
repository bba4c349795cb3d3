using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using OciRun.Spec;

namespace OciRun.Fuzz;

/// <summary>
/// What inputs are made of: the configs of the conformance cases, of the benchmark and of <c>ocirun spec</c>, and their
/// parts by the name of the member they were found in.
/// </summary>
internal sealed class Corpus
{
    private readonly Dictionary<string, List<Node>> _donors = new(StringComparer.Ordinal);
    private readonly List<string> _keys = [];
    private readonly List<Node> _words = [];

    private Corpus()
    {
    }

    /// <summary>Whole configs.</summary>
    public List<Node> Configs { get; } = [];

    public List<Node> Processes { get; } = [];

    public List<Node> Resources { get; } = [];

    public List<Node> Hooks { get; } = [];

    public List<Node> Mounts { get; } = [];

    /// <param name="repository">Directory of the sources.</param>
    public static Corpus Load(string repository)
    {
        Corpus corpus = new();
        Node template = Node.Parse(SpecTemplate.Write(rootless: false, 0, 0))!;
        corpus.Add(template);
        corpus.Add(Node.Parse(SpecTemplate.Write(rootless: true, 1000, 1000))!);
        corpus.Add(Node.Parse(File.ReadAllBytes(Path.Combine(repository, "bench", "docker-like.json")))!);
        string[] cases = Directory.GetFiles(Path.Combine(repository, "conformance"), "*.json", SearchOption.AllDirectories);
        Array.Sort(cases, StringComparer.Ordinal);
        foreach (string file in cases)
        {
            if (Node.Parse(File.ReadAllBytes(file)) is { } test)
                corpus.AddCase(template, test);
        }

        string? schemas = Environment.GetEnvironmentVariable("OCI_SCHEMA_DIR");
        if (schemas is not null && Directory.Exists(schemas))
            SchemaValues.Add(corpus, schemas);
        foreach (List<Node> list in corpus._donors.Values)
        {
            foreach (Node node in list)
            {
                if (node.IsText)
                    corpus._words.Add(node);
            }
        }

        corpus._keys.Sort(StringComparer.Ordinal);
        return corpus;
    }

    /// <summary>A value that stands under this name somewhere; null when none does.</summary>
    public Node? Donor(string key, Draw draw) => _donors.TryGetValue(key, out List<Node>? list) ? draw.Of(list).Copy() : null;

    public string Key(Draw draw) => draw.Of(_keys);

    public (string Key, Node Value) Member(Draw draw)
    {
        string key = draw.Of(_keys);
        return (key, draw.Of(_donors[key]).Copy());
    }

    public Node Word(Draw draw) => draw.Of(_words).Copy();

    /// <summary>Remembers a value of a name, each once.</summary>
    public void Donate(string key, Node value)
    {
        if (!_donors.TryGetValue(key, out List<Node>? list))
        {
            _donors[key] = list = [];
            _keys.Add(key);
        }

        byte[] text = value.Write();
        if (list.Count < 200 && text.Length < 4096 && !list.Exists(other => other.Write().AsSpan().SequenceEqual(text)))
            list.Add(value);
        else if (list.Count == 0)
            list.Add(value);
    }

    private void AddCase(Node template, Node test)
    {
        if (test["process"] is { IsObject: true } process)
            Processes.Add(process);
        if (test["config"] is not { IsObject: true } && test["append"] is not { IsObject: true })
            return;
        Node config = template.Copy();
        if (test["config"] is { IsObject: true } patch)
            config.Merge(patch);
        if (test["append"] is { IsObject: true } append)
        {
            foreach ((byte[]? path, Node items) in append.Items)
                Append(config, Encoding.UTF8.GetString(path!), items);
        }

        Add(config);
    }

    private static void Append(Node config, string path, Node items)
    {
        Node at = config;
        string[] parts = path.Split('.');
        for (int i = 0; i < parts.Length; i++)
        {
            if (at[parts[i]] is not { } inner)
            {
                inner = new Node { IsObject = i < parts.Length - 1 };
                at.Set(parts[i], inner);
            }

            at = inner;
        }

        foreach ((_, Node item) in items.Items)
            at.Items.Add((null, item.Copy()));
    }

    private void Add(Node config)
    {
        Configs.Add(config);
        Keep(Processes, config["process"]);
        Keep(Resources, config["linux"]?["resources"]);
        Keep(Hooks, config["hooks"]);
        Keep(Mounts, config["mounts"]);
        Learn(config);
    }

    private static void Keep(List<Node> list, Node? node)
    {
        if (node is { IsContainer: true })
            list.Add(node);
    }

    private void Learn(Node node)
    {
        foreach ((byte[]? key, Node value) in node.Items)
        {
            if (key is not null)
                Donate(Encoding.UTF8.GetString(key), value);
            Learn(value);
        }
    }
}
