using System;
using System.Collections.Generic;
using System.IO;
using System.Reflection;
using Xunit.Sdk;

namespace OciRun.Tests.Integration;

/// <summary>The cases that say <c>requires</c>; skipped, with the reason, where the kernel does not have it.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
[DataDiscoverer("Xunit.Sdk.DataDiscoverer", "xunit.core")]
public sealed class CasesThatNeedAttribute : DataAttribute
{
    public CasesThatNeedAttribute(string requirement)
    {
        Requirement = requirement;
        bool without = requirement.StartsWith("no ", StringComparison.Ordinal);
        bool has = (without ? requirement[3..] : requirement) switch
        {
            "AppArmor" => Directory.Exists("/sys/kernel/security/apparmor"),
            "SELinux" => File.Exists("/sys/fs/selinux/enforce"),
            _ => throw new ArgumentException($"unknown requirement {requirement}", nameof(requirement)),
        };
        Skip = has != without ? null : without ? $"needs a kernel with {requirement}" : $"needs {requirement}";
    }

    public string Requirement { get; }

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => ConformanceCase.All(Requirement);
}
