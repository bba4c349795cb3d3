using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    private void Personality()
    {
        if (_config.Linux?.Personality is Personality personality && personality.Domain.IndexIn(PersonalityNames.Domains) < 0)
            Unknown("domain", "linux.personality.domain", personality.Domain, PersonalityNames.Domains);
    }
}
