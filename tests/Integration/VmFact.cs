using System;
using System.Collections.Generic;
using System.Linq;
using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace OciRun.Tests.Integration;

/// <summary>
/// A test for the virtual machine (<c>make test-vm</c>), with the trait Category=Vm. Elsewhere it does not exist, rather
/// than being skipped: that it cannot run there is no news.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("OciRun.Tests.Integration.VmFactDiscoverer", "OciRun.Tests")]
[TraitDiscoverer("OciRun.Tests.Integration.VmTraitDiscoverer", "OciRun.Tests")]
public sealed class VmFactAttribute : FactAttribute, ITraitAttribute
{
}

/// <summary>The same with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("OciRun.Tests.Integration.VmTheoryDiscoverer", "OciRun.Tests")]
[TraitDiscoverer("OciRun.Tests.Integration.VmTraitDiscoverer", "OciRun.Tests")]
public sealed class VmTheoryAttribute : TheoryAttribute, ITraitAttribute
{
}

/// <summary>Named by <see cref="VmFactAttribute"/>.</summary>
public sealed class VmFactDiscoverer : IXunitTestCaseDiscoverer
{
    private readonly FactDiscoverer discoverer;

    public VmFactDiscoverer(IMessageSink diagnostics) => discoverer = new FactDiscoverer(diagnostics);

    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        Tier.IsVm ? discoverer.Discover(discoveryOptions, testMethod, factAttribute) : Enumerable.Empty<IXunitTestCase>();
}

/// <summary>Named by <see cref="VmTheoryAttribute"/>.</summary>
public sealed class VmTheoryDiscoverer : IXunitTestCaseDiscoverer
{
    private readonly TheoryDiscoverer discoverer;

    public VmTheoryDiscoverer(IMessageSink diagnostics) => discoverer = new TheoryDiscoverer(diagnostics);

    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        Tier.IsVm ? discoverer.Discover(discoveryOptions, testMethod, factAttribute) : Enumerable.Empty<IXunitTestCase>();
}

/// <summary>Gives the tests of <see cref="VmFactAttribute"/> their category.</summary>
public sealed class VmTraitDiscoverer : ITraitDiscoverer
{
    public IEnumerable<KeyValuePair<string, string>> GetTraits(IAttributeInfo traitAttribute)
    {
        yield return new KeyValuePair<string, string>("Category", "Vm");
    }
}
