using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    private void Personality()
    {
        if (_linux.Personality is not Personality personality)
            return;

        // config-linux.md, "Personality": no flag is defined.
        foreach (Utf8 flag in personality.Flags ?? [])
            _plan.Warnings.Add($"linux.personality.flags: ignoring unknown flag \"{flag}\"");
        int number = PersonalityNames.Numbers[personality.Domain.IndexIn(PersonalityNames.Domains)];
        _plan.Add(Op.Personality, $"linux.personality.domain \"{personality.Domain}\"", flags: number);
    }
}
