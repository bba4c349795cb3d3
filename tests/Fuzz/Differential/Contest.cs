using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Text.RegularExpressions;

namespace OciRun.Fuzz.Differential;

/// <summary>
/// The same random valid config on ocirun, crun and runc, all in the root of scripts/peer; exit status and what the
/// process sees are compared. A difference that explained.tsv does not explain fails.
/// </summary>
internal sealed class Contest : IDisposable
{
    private static readonly string[] Peers = ["crun", "runc"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly string _repository;
    private readonly string _work;
    private readonly string _host;
    private readonly List<(string Peer, string Section, Regex Text, string Why)> _explained = [];
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly Action<string> _say;

    public Contest(string repository, Action<string> say)
    {
        _repository = repository;
        _say = say;
        _work = $"/tmp/ocirun-differential.{Environment.ProcessId}";
        Directory.CreateDirectory(_work);
        foreach (string line in File.ReadLines(Path.Combine(repository, "tests", "Fuzz", "explained.tsv")))
        {
            string[] fields = line.Split('\t');
            if (fields.Length == 4)
                _explained.Add((fields[0], fields[1], new Regex(fields[2], RegexOptions.Singleline, TimeSpan.FromSeconds(5)), fields[3]));
        }

        _host = Start(["sh", "-c", "for n in pid net ipc uts cgroup user; do readlink /proc/self/ns/$n; done"], out _, out _);
    }

    public void Dispose() => Directory.Delete(_work, recursive: true);

    /// <returns>The number of configs with a difference that is not explained.</returns>
    public long Run(ulong seed, long first, long count)
    {
        long failed = 0;
        long ran = 0;
        for (long index = first; index < first + count; index++)
        {
            Node config = ConfigDraw.Make(Draw.For(seed, "differential", index), Sight.Script);
            (int exit, var own, string errors) = See(config, Path.Combine(_repository, "out", "ocirun"));
            ran += exit == 0 ? 1 : 0;
            bool differs = false;
            foreach (string peer in Peers)
            {
                (int theirs, var seen, string theirErrors) = See(config, peer);
                differs |= Compare(peer, index, (exit, own, errors), (theirs, seen, theirErrors));
            }

            if (!differs)
                continue;
            failed++;
            Node shown = config.Copy();
            _say($"differential: seed {seed}, input {index}: {System.Text.Encoding.UTF8.GetString(shown.Set("process", shown["process"]!.Copy().Set("args", null)).Write())}");
        }

        foreach ((string why, int times) in _counts)
            _say($"differential: explained {times} times: {why}");
        _say($"differential: {count} configs from {first}, seed {seed}: {ran} ran in ocirun, {failed} with differences that are not explained");
        return failed;
    }

    private bool Compare(string peer, long index, (int Exit, SortedDictionary<string, List<string>> Seen, string Errors) own, (int Exit, SortedDictionary<string, List<string>> Seen, string Errors) theirs)
    {
        bool differs = false;
        if (own.Exit != theirs.Exit)
            return Report(peer, index, "exit", $"{own.Exit} | {theirs.Exit}\n  ocirun: {own.Errors.Trim()}\n  {peer}: {theirs.Errors.Trim()}");

        // A failure may end the process at any moment.
        if (own.Exit != 0)
            return false;
        SortedSet<string> sections = new(own.Seen.Keys, StringComparer.Ordinal);
        sections.UnionWith(theirs.Seen.Keys);
        foreach (string section in sections)
        {
            List<string> left = own.Seen.GetValueOrDefault(section) ?? [];
            List<string> right = theirs.Seen.GetValueOrDefault(section) ?? [];
            if (string.Join('\n', left) == string.Join('\n', right))
                continue;
            List<string> onlyLeft = left.FindAll(line => !right.Contains(line));
            List<string> onlyRight = right.FindAll(line => !left.Contains(line));
            if (onlyLeft.Count + onlyRight.Count == 0)
                differs |= Report(peer, index, section, "the order");
            foreach (string line in onlyLeft)
                differs |= Report(peer, index, section, "-" + line);
            foreach (string line in onlyRight)
                differs |= Report(peer, index, section, "+" + line);
        }

        return differs;
    }

    private bool Report(string peer, long index, string section, string text)
    {
        foreach ((string who, string where, Regex like, string why) in _explained)
        {
            if ((who != peer && who != "*") || where != section || !like.IsMatch(text))
                continue;
            string counted = $"{peer}, {section}: {why}";
            _counts[counted] = _counts.GetValueOrDefault(counted) + 1;
            return false;
        }

        _say($"differential: {index}: {peer}: {section}: {text}");
        return true;
    }

    private (int Exit, SortedDictionary<string, List<string>> Seen, string Errors) See(Node config, string runtime)
    {
        string bundle = Path.Combine(_work, "bundle");
        if (Directory.Exists(bundle))
            Directory.Delete(bundle, recursive: true);
        MakeBundle(bundle);
        File.WriteAllBytes(Path.Combine(bundle, "config.json"), config.Write());
        string id = $"diff{Environment.ProcessId}";
        string output = Start([runtime, "--root", Path.Combine(_work, "state"), "run", "--bundle", bundle, id], out int exit, out string errors);
        Start([runtime, "--root", Path.Combine(_work, "state"), "delete", "--force", id], out _, out _);
        // Which status a failure has is the conformance cases' matter.
        return (exit == 0 ? 0 : 1, Sight.Read(output, id, _host), errors);
    }

    private void MakeBundle(string bundle)
    {
        string rootfs = Path.Combine(bundle, "rootfs");
        foreach (string name in new[] { "bin", "proc", "sys", "dev", "tmp", "etc", "mnt" })
            Directory.CreateDirectory(Path.Combine(rootfs, name));
        Directory.CreateDirectory(Path.Combine(bundle, "shared", "inner"));
        File.WriteAllText(Path.Combine(bundle, "shared", "file"), "shared\n");
        File.CreateSymbolicLink(Path.Combine(bundle, "shared", "link"), "inner");
        string busybox = Path.Combine(_work, "busybox");
        if (!File.Exists(busybox))
            File.Copy("/bin/busybox", busybox);
        File.Copy(busybox, Path.Combine(rootfs, "bin", "busybox"));
        foreach (string applet in new[] { "sh", "cat", "grep", "env", "sort", "id", "ls", "readlink", "uname", "hostname", "head", "wc", "touch", "mkdir", "chmod", "ln", "rm", "nice", "true", "sync", "free", "test", "pwd" })
            File.CreateSymbolicLink(Path.Combine(rootfs, "bin", applet), "busybox");
        File.WriteAllText(Path.Combine(rootfs, "etc", "passwd"), "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n");
        File.WriteAllText(Path.Combine(rootfs, "etc", "group"), "root:x:0:\nalice:x:1000:\n");
    }

    private string Start(string[] command, out int exit, out string errors)
    {
        ProcessStartInfo start = new(Path.Combine(_repository, "scripts", "peer"))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _work,
        };
        foreach (string word in command)
            start.ArgumentList.Add(word);
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        System.Threading.Tasks.Task<string> error = process.StandardError.ReadToEndAsync();
        System.Threading.Tasks.Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        exit = process.ExitCode;
        errors = error.Result;
        return output.Result;
    }
}
