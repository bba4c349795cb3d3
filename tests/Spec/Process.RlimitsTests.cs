using System.Linq;
using System.Text;
using FluentAssertions;
using OciRun.Spec;
using OciRun.Tests.Kernel;
using Xunit;

namespace OciRun.Tests.Spec;

public sealed class RlimitsTests
{
    [CompilerFact]
    public void Every_name_stands_at_its_number()
    {
        string[] names = [.. Rlimits.Names, "RLIM_NLIMITS"];
        CCompiler.Evaluate(CCompiler.Headers, names.Select(name => (name, name))).Select(pair => (pair.Key, pair.Value))
            .Should().Equal(names.Select((name, i) => (name, (i).ToString())));
    }

    [Fact]
    public void Every_name_is_found_as_it_is_written()
    {
        for (int i = 0; i < Rlimits.Names.Length; i++)
            Rlimits.Number(Encoding.UTF8.GetBytes(Rlimits.Names[i])).Should().Be(i);
        foreach (string name in new[] { "", "RLIMIT_", "NOFILE", "rlimit_nofile", "RLIMIT_NOFILES", "RLIMIT_NLIMITS" })
            Rlimits.Number(Encoding.UTF8.GetBytes(name)).Should().Be(-1);
    }
}
