using System.Linq;
using System.Text;
using FluentAssertions;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Kernel;

public sealed class CapabilityTests
{
    [CompilerFact]
    public void Every_name_stands_at_its_number()
    {
        string[] names = [.. Capability.Names, "CAP_LAST_CAP"];
        CCompiler.Evaluate(CCompiler.Headers, names.Select(name => (name, name))).Select(pair => (pair.Key, pair.Value))
            .Should().Equal(names.Select((name, i) => (name, (name == "CAP_LAST_CAP" ? i - 1 : i).ToString())));
    }

    [Fact]
    public void Every_name_is_found_as_it_is_written()
    {
        for (int i = 0; i < Capability.Names.Length; i++)
            Capability.Number(Encoding.UTF8.GetBytes(Capability.Names[i])).Should().Be(i);
        foreach (string name in new[] { "", "CAP_", "CHOWN", "cap_chown", "CAP_CHOWN ", "CAP_CHOW", "CAP_NONE" })
            Capability.Number(Encoding.UTF8.GetBytes(name)).Should().Be(-1);
    }
}
