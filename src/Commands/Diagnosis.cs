using System.Collections.Generic;

namespace OciRun.Commands;

/// <summary>How well something is that a container may need.</summary>
internal enum Health
{
    Ok,

    /// <summary>It works with restrictions.</summary>
    Limited,

    Missing,
}

/// <summary>One line of <c>doctor</c>.</summary>
/// <param name="Area">What it belongs to: <c>kernel</c>, <c>cgroup</c> ...</param>
/// <param name="Name">What was looked at.</param>
/// <param name="Health">How it is.</param>
/// <param name="Found">What was seen.</param>
internal sealed record Check(string Area, string Name, Health Health, string Found)
{
    /// <summary>A plain container, as <c>ocirun spec</c> describes it, cannot be made without it.</summary>
    public bool IsNeeded { get; init; }

    /// <summary>What does not work for want of it: config fields and flags.</summary>
    public string? Costs { get; init; }

    /// <summary>How to get it.</summary>
    public string? Remedy { get; init; }
}

/// <summary>The lines of <c>doctor</c> in their order.</summary>
internal sealed class Diagnosis
{
    private readonly List<Check> _checks = [];
    private string _area = "";

    public IReadOnlyList<Check> Checks => _checks;

    /// <summary>True when nothing is missing that a plain container needs.</summary>
    public bool IsHealthy => !_checks.Exists(static check => check.IsNeeded && check.Health == Health.Missing);

    /// <summary>What follows belongs to this area.</summary>
    public void Begin(string area) => _area = area;

    public void Ok(string name, string found) => _checks.Add(new Check(_area, name, Health.Ok, found));

    public void Limited(string name, string found, string costs, string remedy) =>
        _checks.Add(new Check(_area, name, Health.Limited, found) { Costs = costs, Remedy = remedy });

    public void Missing(string name, string found, string costs, string remedy, bool needed = false) =>
        _checks.Add(new Check(_area, name, Health.Missing, found) { Costs = costs, Remedy = remedy, IsNeeded = needed });

    /// <summary>Present, or missing with these consequences.</summary>
    public void Either(bool present, string name, string found, string costs, string remedy, bool needed = false)
    {
        if (present)
            Ok(name, found);
        else
            Missing(name, "not there", costs, remedy, needed);
    }
}
