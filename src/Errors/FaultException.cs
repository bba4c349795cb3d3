using System;

namespace OciRun.Errors;

/// <summary>Carries a <see cref="Errors.Fault"/> to the one place that reports it. Never thrown after clone.</summary>
internal sealed class FaultException : Exception
{
    public FaultException(Fault fault)
        : base(fault.Message) => Fault = fault;

    public FaultException(string message)
        : this(new Fault(message))
    {
    }

    public Fault Fault { get; }
}
